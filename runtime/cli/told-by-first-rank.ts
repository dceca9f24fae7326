/** Ends a rank whose failure rank 0 tells: it ends as it would have, and says nothing. */
export class ToldByFirstRank extends Error {
  override readonly name = 'ToldByFirstRank';

  constructor(readonly failure: unknown) {
    super('rank 0 tells why');
  }
}
