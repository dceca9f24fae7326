import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { openTensor } from '../../runtime/index.js';
import { rows } from '../numeric/rows.js';
import { cli, temporaryFolder, writeMatrix } from './support.js';

/** A command line, how it ends, and what it says. */
const usage: readonly (readonly [string, RegExp])[] = [
  ['', /Usage: infinitile/],
  ['insepct clip', /unknown command 'insepct'[^]*inspect/],
  ['inspect clip --emti plan', /unknown option '--emti'[^]*--emit/],
  ['inspect', /missing required argument 'loss'/],
  ['inspect clip siglip', /too many arguments/],
  ['inspect clip --emit ast', /Allowed choices are plan, source, ptx, sass, expression/],
  ['inspect clip --precision f64', /Allowed choices are f32, bf16, f16/],
  ['inspect clip --dim 0', /'--dim <count>' argument '0' is invalid. A whole number/],
  ['run clip', /required option '--queries <file>' not specified/],
  ['run clip --queries a --keys b --workspace lots', /argument 'lots' is invalid. A size is/],
  ['run clip --queries a --keys b --params logScale', /Parameters are written name=value/],
  ['run clip --queries a --keys b --threads -1', /argument '-1' is invalid/],
  ['bench --n 1.5', /argument '1.5' is invalid/],
  ['bench --n 100,x', /argument '100,x' is invalid. A whole number/],
  ['bench --loss clip,', /Losses are written name,name\./],
  ['bench --against tensorflow', /There is no peer 'tensorflow'\. There are cublas, torch, inf-cl, liger, siglip-kernel\./],
  ['bench --against torch,clblas', /There is no peer 'clblas'; did you mean 'cublas'\? There are cublas/],
  ['ring', /required option '--ranks <count>' not specified/],
  ['ring --ranks 0', /'--ranks <count>' argument '0' is invalid. A whole number/],
  ['ring --ranks 65537', /argument '65537' is invalid. A ring has 1 to 65536 ranks/],
  ['ring --ranks 8 --nods 2', /unknown option '--nods'[^]*--nodes/],
  ['ring --ranks 8 --rank -1', /argument '-1' is invalid. Ranks are numbered from 0/],
  ['ring --ranks 8 --precision fp8', /Allowed choices are f32, bf16, f16/],
  ['cache shrink', /unknown command 'shrink'/],
  ['doctor --verbose', /unknown option '--verbose'/],
];

for (const [line, message] of usage) {
  test.serial(`usage: infinitile ${line}`, async (t) => {
    const { code, stdout, stderr } = await cli(...line.split(' ').filter((word) => word !== ''));
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.notRegex(stderr, /\n\s+at /, 'no stack trace');
  });
}

const mistakes: readonly (readonly [string, RegExp])[] = [
  ['inspect infonce', /INF8003 there is no loss 'infonce'; did you mean 'infoNCE'\?[^]*presets: 'additiveMargin', [^]*'supCon' and 'zLoss'/],
  ['inspect clip --tiling hopperr', /INF8003 there is no tiling 'hopperr'[^]*automatic/],
  ['inspect clip --target sm_8', /INF7001 there is no target 'sm_8'; did you mean 'sm_80'\?/],
  ['inspect clip --file stats', /INF8004 --file says nothing about --emit plan/],
  ['inspect clip --m 5', /INF8004 --m says nothing/],
  ['inspect clip --emit source --file nothing', /INF8001 the program has no file 'nothing'[^]*stats/],
  ['inspect clip --emit ptx --target x86-64-v4', /INF8004 --emit ptx is for CUDA targets/],
  ['inspect ./nowhere.ts#mine', /INF8002 there is no file '\.\/nowhere\.ts'/],
  ['inspect ./README.md#mine', /INF8002 '\.\/README\.md' is no TypeScript or JavaScript file/],
  ['run clip --queries q.npy --keys k.npy', /INF4009 loss 'clip' needs a value for logScale[^]*--params logScale=\.\.\./],
  ['run siglip --queries q.npy --keys k.npy --params bia=3', /no parameter 'bia'; did you mean 'bias'\?[^]*needs values for logScale, bias/],
  ['run clip --queries /nowhere/q.npy --keys k.npy --params logScale=1', /INF6001 there is no file '\/nowhere\/q\.npy'/],
  ['ring --ranks 8 --nodes 3', /INF3201 8 ranks are not equally many on each of 3 nodes[^]*nodes that divide them: 1, 2, 4, 8/],
  ['ring --ranks 4 --in-flight 1', /INF3201 inFlight is 1: every rank would wait/],
  ['ring --ranks 4 --rank 4', /INF8004 --rank 4 is not one of 4 ranks[^]*0 to 3/],
  ['ring --ranks 4 --rank 1 --json', /INF8004 --rank says nothing about --json/],
  ['ring --ranks 65 --svg ring.svg', /INF8004 --svg draws up to 64 ranks, not 65/],
  ['ring --ranks 4 --svg /nowhere/ring.svg', /INF6007 '\/nowhere\/ring\.svg' cannot be written/],
  ['ring --ranks 4 --simulate /nowhere/cluster.json', /INF6001 there is no file '\/nowhere\/cluster\.json'/],
  ['bench --loss infoNCE --against torch', /INF8004 --against torch times the losses clip and siglip; 'infoNCE' is another one[^]*leave --against or --loss out/],
  ['bench --loss clip,siglip --against cublas,liger', /INF8004 --against liger times the loss clip; 'siglip' is another one[^]*for 'siglip' there are 'cublas', 'torch'/],
  ['bench --m 100 --against torch', /INF8004 --against torch times losses of as many keys as queries[^]*leave --m out/],
  ['bench --loss clip,infoNCE --params bias=1', /INF4009 loss 'clip' has no parameter 'bias'/],
];

for (const [line, message] of mistakes) {
  test.serial(`mistake: infinitile ${line}`, async (t) => {
    const { code, stdout, stderr } = await cli(...line.split(' '));
    t.is(code, 1);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.notRegex(stderr, /\n\s+at /, 'no stack trace');
  });
}

test.serial('what is wrong with the inputs of a run is said, and no output directory is left', async (t) => {
  const folder = await temporaryFolder(t);
  const out = path.join(folder, 'out');
  const queries = await writeMatrix(folder, 'q.npy', rows(40, 24, 1), 24);
  const narrow = await writeMatrix(folder, 'narrow.npy', rows(40, 16, 2), 16);
  const few = await writeMatrix(folder, 'few.npy', rows(30, 24, 2), 24);
  const broken = rows(40, 24, 2);
  broken[7 * 24 + 3] = Number.NaN;
  const notFinite = await writeMatrix(folder, 'nan.npy', broken, 24);
  const { offset } = await openTensor(queries);
  const truncated = path.join(folder, 'truncated.npy');
  await writeFile(truncated, Buffer.alloc(offset));
  const said = async (keys: string, ...more: readonly string[]) => cli('run', 'clip', '--queries', queries, '--keys', keys, '--params', 'logScale=1', '--out', out, ...more);
  for (const [ran, message] of [
    [await said(narrow), /INF4002/],
    [await said(few), /INF4010/],
    [await said(notFinite), /INF4008 k[^]*row 7 is the first/],
    [await said(truncated), /INF600[23]/],
    [await said(queries, '--positives', queries), /INF4012/],
    [await said(queries, '--workspace', '100'), /INF3103/],
  ] as const) {
    t.is(ran.code, 1);
    t.regex(ran.stderr, message);
    t.is(ran.stdout, '');
    await t.throwsAsync(access(out));
  }
});

test.serial('queries and keys of two precisions are converted when it is said to which', async (t) => {
  const folder = await temporaryFolder(t);
  const { writeNpy, f32ToF16 } = await import('../../runtime/index.js');
  const queries = await writeMatrix(folder, 'q.npy', rows(8, 4, 1), 4);
  const keys = path.join(folder, 'k.npy');
  await writeNpy(keys, { element: 'f16', shape: [8, 4], pieces: [f32ToF16(rows(8, 4, 2))] });
  const ran = await cli('run', 'clip', '--queries', queries, '--keys', keys, '--params', 'logScale=1');
  t.is(ran.code, 1);
  t.regex(ran.stderr, /INF4005 queries \(.*\) hold f32, keys \(.*\) hold f16[^]*--precision f32 or --precision f16/);
});

test.serial('an output directory that is taken, or whose parent is missing, is refused before anything is computed', async (t) => {
  const folder = await temporaryFolder(t);
  const queries = await writeMatrix(folder, 'q.npy', rows(8, 4, 1), 4);
  for (const [out, message] of [
    [folder, /INF6007 .* it is there already/],
    [queries, /INF6007 .* it is a file/],
    [path.join(folder, 'missing', 'out'), /INF6007 .* there is no folder '.*missing'/],
  ] as const) {
    const { code, stderr } = await cli('run', 'clip', '--queries', queries, '--keys', queries, '--params', 'logScale=1', '--out', out);
    t.is(code, 1);
    t.regex(stderr, message);
  }
});
