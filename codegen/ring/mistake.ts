/** What is wrong with a schedule, and where. */
export interface RingMistake {
  readonly rank: number;
  readonly step: number;
  readonly reason: string;
}

export function printMistake({ rank, step, reason }: RingMistake): string {
  return `rank ${rank}, step ${step}: ${reason}`;
}
