import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { definitionFile, parseExactly, type PackageDefinition } from '../../codegen/embed/npm/definition.js';
import { compilerVersion } from '../../codegen/emit/header.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Tiling } from '../../dsl/tiling.js';
import { unreadable } from '../tensor/errors.js';
import { damagedPackage, otherVersion } from './errors.js';

const ofKind = (kind: string) => (value: unknown): boolean => typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;

const kernels = z.object({ source: z.string(), host: z.string().optional(), cubin: z.string().optional(), ptx: z.string().optional() });

/** What `infinitile export` has written; of a loss and a tiling no more is looked at than what they are. */
const schema = z.object({
  kind: z.literal('package'),
  name: z.string(),
  infinitile: z.string(),
  loss: z.custom<PairwiseLoss>(ofKind('pairwiseLoss')),
  dim: z.number().int().positive(),
  guideDim: z.number().int().positive(),
  precision: z.enum(['f32', 'bf16', 'f16']),
  tiling: z.custom<Tiling>(ofKind('tiling')),
  targets: z.array(z.object({ name: z.string(), kernels: z.array(kernels) })),
});

/** @throws {InfinitileError} when it cannot be read, or is of another version of Infinitile. */
export async function readDefinition(folder: URL): Promise<PackageDefinition> {
  const path = fileURLToPath(new URL(definitionFile, folder));
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const definition = parsed(path, text);
  if (definition.infinitile !== compilerVersion) throw otherVersion(definition, compilerVersion);
  return definition;
}

function parsed(path: string, text: string): PackageDefinition {
  let json: unknown;
  try {
    json = parseExactly(text);
  } catch {
    throw damagedPackage(path, 'it is not JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data as PackageDefinition;
  const issue = result.error.issues[0];
  throw damagedPackage(path, issue === undefined ? 'it is wrong' : `${issue.path.join('.')}: ${issue.message}`);
}
