import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { cli, temporaryFolder } from './support.js';

const right = `
import { pairwiseLoss, softmax, tiling } from 'infinitile';
import { half } from './weights';

export const warm = pairwiseLoss('warm', {
  params: ['logScale'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: softmax({ weight: half }),
});
export const tiles = tiling('tiles', (t) => t.chunk({ rows: 1024, cols: 2048 }));
`;

const wrong = `import { pairwiseLoss, softmax, tiling } from 'infinitile';

const count: number = 'many';
const temperature = 0.1;

export const first = pairwiseLoss('first', {
  logit: ({ dot }) => dot / temperature,
  rows: softmax({ weight: 0 }),
});

pairwiseLoss('second', {
  attributes: { rows: { label: 'i32' } },
  logit: ({ dot, row, col }) => (row.label === col.label ? dot : -dot),
  rows: softmax(),
});

export const tiles = tiling('tiles', (t) => t.chunk({ rows: 0, cols: 2048 }).chunk({ rows: count, cols: 1 }));
console.log('output of the file');
`;

async function write(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}

/** `line:column code` of what was told, in its order. */
function told(stdout: string): readonly string[] {
  return [...stdout.matchAll(/^\S+?\.m?[jt]s:(\d+:\d+ (?:INF|TS)\d+) /gm)].map(([, place = '']) => place);
}

test.serial('a file without mistakes', async (t) => {
  const folder = await write(t, { 'losses.ts': right, 'weights.ts': 'export const half: number = 0.5;\n' });
  const { code, stdout, stderr } = await cli('check', path.join(folder, 'losses.ts'));
  t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: 'no mistakes in 1 file\n' });
  t.deepEqual(await cli('check', '--json', path.join(folder, 'losses.ts')), { code: 0, stdout: '[]\n', stderr: '' });
});

test.serial('all mistakes at once: of every declaration, and of types, in the order of lines', async (t) => {
  const folder = await write(t, { 'wrong.ts': wrong });
  const { code, stdout, stderr } = await cli('check', path.join(folder, 'wrong.ts'));
  t.is(code, 1);
  t.deepEqual(told(stdout), ['3:7 TS2322', '7:29 INF1005', '8:27 INF2005', '13:48 INF1013', '13:52 TS2339', '17:47 INF3003', '17:78 INF3001', '17:78 INF3003']);
  t.regex(stdout, /wrong\.ts:7:29 INF1005 'temperature' is a variable from outside[^\n]*\n\n[^]*> {1,2}7 \|[^]*\^{11}[^]*hint: give its value with the loss/);
  t.notRegex(stdout, /^output of the file/m);
  t.is(stderr, '8 mistakes in 1 file\n');
});

test.serial('for editors', async (t) => {
  const folder = await write(t, { 'wrong.ts': wrong, 'empty.ts': 'export const nothing = 3;\n' });
  const { code, stdout, stderr } = await cli('check', '--json', path.join(folder, 'wrong.ts'), path.join(folder, 'empty.ts'), path.join(folder, 'missing.ts'));
  t.is(code, 1);
  t.is(stderr, '');
  const mistakes = JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[];
  t.like(mistakes[0], { file: null, line: null, code: 'INF8002', frame: null });
  t.like(mistakes[1], { file: path.join(folder, 'empty.ts'), line: 1, column: 1, code: 'INF8003' });
  t.like(mistakes[3], { file: path.join(folder, 'wrong.ts'), line: 7, column: 29, endLine: 7, endColumn: 40, code: 'INF1005' });
  t.deepEqual(Object.keys(mistakes[3] ?? {}), ['file', 'line', 'column', 'endLine', 'endColumn', 'code', 'message', 'hint', 'frame']);
  t.is(mistakes.length, 10);
});

test.serial('types are checked as the nearest tsconfig.json says, and strictly without one', async (t) => {
  const text = `${right.replace("import { half } from './weights';", 'const half = 0.5;')}export const name = (text) => text.length;\n`;
  const options = { strict: false, target: 'es2022', module: 'nodenext' };
  const folder = await write(t, { 'bare/losses.ts': text, 'loose/tsconfig.json': JSON.stringify({ compilerOptions: options }), 'loose/src/losses.ts': text });
  t.deepEqual(told((await cli('check', path.join(folder, 'bare', 'losses.ts'))).stdout), ['11:22 TS7006']);
  t.is((await cli('check', path.join(folder, 'loose', 'src', 'losses.ts'))).code, 0);
  const broken = await write(t, { 'losses.ts': text, 'tsconfig.json': '{ "compilerOptions": { "strikt": true } }' });
  t.regex((await cli('check', path.join(broken, 'losses.ts'))).stdout, /tsconfig\.json:1:24 TS5025 Unknown compiler option 'strikt'/);
});

test.serial('files that cannot be checked: why, and the others are', async (t) => {
  const folder = await write(t, {
    'syntax.ts': 'export const x = 3 +;\n',
    'throws.ts': "\nthrow new TypeError('boom');\n",
    'empty.ts': 'export const nothing = 3;\n',
    'plain.mjs': "import { pairwiseLoss, softmax } from 'infinitile';\npairwiseLoss('plain', { logit: ({ dot }) => dat, rows: softmax() });\n",
    'notes.md': 'text',
  });
  const { code, stdout } = await cli('check', ...['syntax.ts', 'throws.ts', 'empty.ts', 'plain.mjs', 'missing.ts', 'notes.md'].map((name) => path.join(folder, name)));
  t.is(code, 1);
  t.regex(stdout, /syntax\.ts:1:21 TS1109 Expression expected/);
  t.notRegex(stdout, /INF8002 '.*syntax\.ts'/);
  t.regex(stdout, /throws\.ts:2:7 INF8002 '.*throws\.ts' cannot be loaded: TypeError: boom/);
  t.regex(stdout, /empty\.ts:1:1 INF8003 '.*empty\.ts' declares no loss and no tiling[^]*pairwiseLoss/);
  t.regex(stdout, /plain\.mjs:2:45 INF1005 'dat'/);
  t.regex(stdout, /INF8002 there is no file '.*missing\.ts'/);
  t.regex(stdout, /INF8002 '.*notes\.md' is no TypeScript or JavaScript file/);
  t.regex((await cli('check', `${path.join(folder, 'empty.ts')}#nothing`)).stdout, /check takes whole files: .*empty\.ts/);
  t.is((await cli('check')).code, 2);
});

test.serial('declarations throw as ever when no file is checked', async (t) => {
  const folder = await write(t, { 'wrong.ts': wrong });
  const { code, stderr } = await cli('inspect', `${path.join(folder, 'wrong.ts')}#first`);
  t.is(code, 1);
  t.regex(stderr, /INF1005[^]*INF2005/);
  t.notRegex(stderr, /INF1013/);
});
