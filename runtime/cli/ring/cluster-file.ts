import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Cluster } from '../../../codegen/ring/cluster.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import { unreadable } from '../../tensor/errors.js';

const link = z.strictObject({ latencySeconds: z.number().nonnegative(), bytesPerSecond: z.number().positive() });

const clusterSchema: z.ZodType<Cluster> = z.strictObject({ intra: link, inter: link, flopsPerSecond: z.number().positive(), overlap: z.boolean() });

const form = '{"intra": {"latencySeconds": 5e-6, "bytesPerSecond": 4e11}, "inter": {"latencySeconds": 1e-5, "bytesPerSecond": 2.5e10}, "flopsPerSecond": 4e14, "overlap": true}';

/**
 * Reads a cluster's description.
 *
 * @throws {InfinitileError} INF6001 when the file cannot be read, INF8007 with all that is wrong in it.
 */
export async function readCluster(path: string): Promise<Cluster> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const parsed = clusterSchema.safeParse(parseJson(path, text));
  if (parsed.success) return parsed.data;
  throw refused(path, parsed.error.issues.map((issue) => `${issue.path.length === 0 ? '' : `${issue.path.join('.')}: `}${issue.message}`).join('; '));
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refused(path, `it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

function refused(path: string, why: string): InfinitileError {
  return new InfinitileError({ code: 'INF8007', message: `'${path}' describes no cluster: ${why}`, hint: `its form: ${form}` });
}
