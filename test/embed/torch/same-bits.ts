import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageNames } from '../../../codegen/embed/torch/index.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import { copied, filesOf, given, guideDim, threads, type ExportedCase } from '../support/exported-case.js';
import type { Results } from '../support/results.js';

/** What {@link sameBitsProgram} reads. */
export async function writeRequest(folder: string, one: ExportedCase, device: 'cpu' | 'cuda' = 'cpu'): Promise<void> {
  const { prefix, function: name } = packageNames(one.loss.name);
  const { queries, keys, dim, loss, params, precision } = one;
  const tensors = keys > 0 ? [['queries', queries], ['keys', keys]] : [['embeddings', queries]];
  const guides = !loss.guide ? [] : [['guide_queries', queries], ['guide_keys', keys]];
  const attributes = Object.keys(one.rows ?? {}).map((name) => ({ name: one.cols === undefined ? `row_${name}` : name, file: `rows.${name}`, type: loss.attributes.rows[name] }));
  await mkdir(folder, { recursive: true });
  for (const [file, bytes] of filesOf(given(one))) await writeFile(path.join(folder, `${file}.bin`), bytes);
  const request = {
    module: prefix,
    function: name,
    device,
    precision,
    threads,
    tensors: tensors.map(([tensor, count]) => ({ file: tensor, shape: [count, dim] })),
    params: loss.params.map((param) => params[param]),
    guides: guides.map(([guide, count]) => ({ name: guide, file: guide, shape: [count, guideDim] })),
    vectors: [...attributes, ...(one.positives === undefined ? [] : [{ name: 'positives', file: 'positives', type: 'i32' }])],
  };
  await writeFile(path.join(folder, 'request.json'), JSON.stringify(request));
}

/** Answers the requests of the folders that it is given. */
export const sameBitsProgram = packagePath('test', 'embed', 'torch', 'consumer', 'same_bits.py');

/** The loss and its gradients as the installed package has computed them; of 16-bit embeddings before they are rounded to these. */
export async function readResults(folder: string, { loss, keys }: ExportedCase): Promise<Results> {
  const read = async (file: string): Promise<ArrayBuffer> => copied(await readFile(path.join(folder, file)));
  const gradients = await Promise.all((keys > 0 ? [0, 1] : [0]).map(async (place) => new Float32Array(await read(`gradient.${place}.bin`))));
  const [first = new Float32Array(), second = new Float32Array()] = gradients;
  const stacked = keys > 0 && loss.between.rows.length > 1;
  return {
    losses: [new Float32Array(await read('loss.bin'))[0] ?? NaN],
    params: new Float64Array(await read('params.bin')),
    gradients: stacked ? [Float32Array.from([...first, ...second])] : gradients,
  };
}
