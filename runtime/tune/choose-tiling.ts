import { z } from 'zod';
import { withSpans } from '../../dsl/knobs.js';
import type { Tiling } from '../../dsl/tiling.js';
import type { Builder } from '../device/builder.js';
import { agree, gatherJson } from '../transport/agree.js';
import type { Communicator } from '../transport/communicator.js';
import { tunedUnusable, warnProcess, type OnWarning } from './errors.js';
import { tilingOrigins, type TilingOrigin } from './origin.js';
import { shippedFor } from './shipped.js';
import { restrictionHash, tunedFacts, type TunedFacts, type TunedQuestion } from './store/key.js';
import type { TunedRecord } from './store/record.js';
import { tilingSchema } from './store/tiling-schema.js';
import { TunedStore } from './store/tuned-store.js';
import { tellOfMismatch } from './tiling-file.js';

export interface ChosenTiling {
  readonly tiling: Tiling;
  readonly origin: TilingOrigin;
}

export interface TilingQuestion extends Omit<TunedQuestion, 'compiler' | 'target'> {
  readonly builder: Builder;
  /** Where the tiling comes from when nothing better is known. */
  readonly origin: TilingOrigin;
  /** Whether to look for a better one. */
  readonly tuned: boolean;
  /** Queries that runs are expected to have. */
  readonly rows?: number;
  readonly onWarning?: OnWarning;
}

/**
 * The tiling that was found for a problem: on this machine, else before the package was made, else what was asked for, as it is.
 * Nothing is searched or compiled.
 */
export async function chooseTiling(question: TilingQuestion): Promise<ChosenTiling> {
  const { builder, tiling, origin, rows, tuned, onWarning = warnProcess } = question;
  const { identity: compiler } = await builder.compiler();
  const facts = tunedFacts({ ...question, target: builder.target, compiler });
  tellOfMismatch(tiling, facts, onWarning);
  const asked = { tiling, origin };
  if (!tuned) return asked;
  const legal = (found: TunedRecord | undefined, from: TilingOrigin) => (found === undefined ? undefined : usable(found, from, question, onWarning));
  return legal(await keptFor(facts, builder, rows, onWarning), 'tuned') ?? legal(await shippedFor(facts, rows, onWarning), 'shipped') ?? asked;
}

/** Likewise for ranks that share a matrix: the first decides for all. */
export async function chooseTilingTogether(ring: Communicator, question: TilingQuestion): Promise<ChosenTiling> {
  const what = 'the tiling of rank 0';
  const own = await agree(ring, what, () => (ring.rank === 0 ? chooseTiling(question) : null));
  const all = await gatherJson(ring, { asked: restrictionHash(question.tiling), chosen: own }, what, choiceSchema);
  const [first] = all;
  // Ranks that ask for different tilings are told so: nothing makes them one.
  const agreed = first !== undefined && all.every(({ asked }) => asked === first.asked);
  return (agreed ? first.chosen : null) ?? { tiling: question.tiling, origin: question.origin };
}

const chosenSchema = z.object({ tiling: tilingSchema, origin: z.enum(tilingOrigins) });
const choiceSchema = z.object({ asked: z.string(), chosen: chosenSchema.nullable() });

function keptFor(facts: TunedFacts, { cache }: Builder, rows: number | undefined, onWarning: OnWarning): Promise<TunedRecord | undefined> {
  return new TunedStore(cache.directory, facts, onWarning).nearest(rows);
}

/** A found tiling, with the name and the ring that were asked for: how ranks share a matrix is not tuned. Undefined, and told, where the target refuses it. */
function usable({ id, tiling: found }: TunedRecord, origin: TilingOrigin, { builder, loss, dim, guideDim, precision, tiling }: TilingQuestion, onWarning: OnWarning): ChosenTiling | undefined {
  const chosen = withSpans({ ...found, name: tiling.name, ...(tiling.ring === undefined ? {} : { ring: tiling.ring }) }, tiling);
  const { diagnostics: [refusal] } = builder.target.resolve({ loss, dim, guideDim, precision, softmax: 'bounded' }, chosen);
  if (refusal === undefined) return { tiling: chosen, origin };
  onWarning(tunedUnusable(id, refusal.message));
  return undefined;
}
