import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { zLoss } from '../../dsl/index.js';
import { loadLoss, loadTiling } from '../../runtime/cli/load-definition.js';
import { cli, temporaryFolder } from './support.js';

const declaration = `
import { pairwiseLoss, softmax, tiling, type PairwiseLoss } from 'infinitile';
import { half } from './weights';

export const warm: PairwiseLoss = pairwiseLoss('warm', {
  params: ['logScale'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: softmax({ weight: half }),
});
export const cool = { ...warm, name: 'cool' };
export const tiles = tiling('tiles', (t) => t.chunk({ rows: 1024, cols: 2048 }));
export const nothing = 3;
`;

/** A user's folder, far from the package: with a package.json of that type, or none. */
async function userFolder(t: ExecutionContext, type: 'module' | 'commonjs' | undefined, text = declaration): Promise<string> {
  const folder = await temporaryFolder(t);
  if (type !== undefined) await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type }));
  await writeFile(path.join(folder, 'weights.ts'), 'export const half: number = 0.5;\n');
  await writeFile(path.join(folder, 'losses.ts'), text);
  return path.join(folder, 'losses.ts');
}

for (const type of ['module', 'commonjs', undefined] as const) {
  test(`TypeScript in a folder of type ${String(type)} is loaded, and 'infinitile' is this package`, async (t) => {
    const file = await userFolder(t, type);
    const loss = await loadLoss(`${file}#warm`);
    t.is(loss.name, 'warm');
    t.is(loss.rows?.weight, 0.5);
    t.deepEqual((await loadTiling(file)).chunk, { rows: 1024, cols: 2048 });
  });
}

test('plain JavaScript, and a copy of a loss that another package made', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'loss.mjs');
  const loss = { kind: 'pairwiseLoss', name: 'plain', params: [], positives: { kind: 'diagonal' }, logit: { kind: 'input', name: 'dot' }, rows: { kind: 'softmax', weight: 1, reduction: 'mean', unmatched: 'refuse' } };
  await writeFile(file, `export default ${JSON.stringify(loss)};`);
  t.deepEqual(await loadLoss(file), loss as never);
  t.deepEqual(await loadLoss(`${file}#default`), loss as never);
});

test('a missing export: what there is', async (t) => {
  const file = await userFolder(t, 'module');
  const said = async (name: string) => (await t.throwsAsync(loadLoss(name))).message;
  t.regex(await said(`${file}#war`), /INF8003 '.*losses\.ts' has no export 'war'; did you mean 'warm'\?[^]*it exports the losses 'cool' and 'warm'/);
  t.regex(await said(`${file}#tiles`), /'tiles' of '.*' is no loss/);
  t.regex(await said(file), /exports several: name one, as in .*losses\.ts#cool/);
  t.regex((await t.throwsAsync(loadTiling(`${file}#warm`))).message, /'warm' of '.*' is no tiling[^]*it exports the tiling 'tiles'/);
  const weights = path.join(path.dirname(file), 'weights.ts');
  t.regex(await said(weights), /exports no loss[^]*pairwiseLoss/);
  t.regex(await said(path.dirname(file)), /INF8002/);
});

test('a file that cannot be loaded: why, and where', async (t) => {
  const said = async (text: string) => {
    const { code, stderr } = await cli('inspect', await userFolder(t, undefined, text));
    t.is(code, 1);
    t.notRegex(stderr, /\n\s+at /, 'no stack trace');
    return stderr;
  };
  t.regex(await said('export const x: = 3;'), /INF8002 '.*losses\.ts' cannot be loaded: .*losses\.ts:1:16: ERROR: Unexpected "="/);
  t.regex(await said("\nthrow new TypeError('boom');"), /cannot be loaded: TypeError: boom \(at .*losses\.ts:2:7\)/);
  t.regex(await said("import 'package-that-is-not-there';"), /Cannot find package 'package-that-is-not-there'/);
  t.regex(await said("import { pairwiseLos } from 'infinitile'; pairwiseLos();"), /INF8002/);
});

test('a mistake in a lambda is told with its place in the file', async (t) => {
  const text = declaration.replace('Math.exp(params.logScale)', 'Math.exp(params.logscale)');
  for (const type of ['module', undefined] as const) {
    const file = await userFolder(t, type, text);
    const { code, stderr } = await cli('inspect', `${file}#warm`);
    t.is(code, 1);
    t.regex(stderr, /losses\.ts:7:40 INF1006 [^]*> 7 \|[^]*hint: .*logScale/);
  }
});

test('a folder named like a preset does not stand in its way', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(path.join(folder, 'clip'));
  t.is((await loadLoss('clip')).name, 'clip');
});

test('a preset with options is named like the others, and has the usual ones', async (t) => {
  t.deepEqual(await loadLoss('zLoss'), zLoss({ weight: 1e-4 }));
});
