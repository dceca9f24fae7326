import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { commandsOf, folderOf, readPages, snippetsOf, type Snippet } from './snippets.js';
import { Workplace } from './workplace.js';

/*
 * What README.md and docs/*.md show is run: TypeScript is type-checked against the sources and executed, commands are executed.
 * Installing and the project's own npm scripts are for CI itself.
 */

interface Job {
  readonly snippet: Snippet;
  readonly folder: string;
  /** Of a `ts` block: the module. */
  readonly file: string;
}

const pages = readPages();
const workplace = await Workplace.make();
const jobs = await prepare();
const turns = pLimit(availableParallelism());
test.after.always(() => workplace.remove());

test('TypeScript in the pages is well typed', async (t) => {
  const { code, output } = await turns(() => workplace.check());
  t.is(code, 0, output);
});

const leftOut = jobs.filter(({ snippet }) => snippet.leftOut !== undefined);
const scripts = jobs.filter(({ snippet }) => snippet.language === 'sh' && commandsOf(snippet).every(isOwnScript));
const run = jobs.filter((job) => !leftOut.includes(job) && !scripts.includes(job));
console.log(`${run.length} code blocks of ${pages.length} pages are run; ${scripts.length} hold npm scripts alone; ${leftOut.length} are left out`);
for (const { snippet } of leftOut) console.log(`${snippet.place} is left out: ${snippet.leftOut ?? ''}`);

for (const { snippet, folder, file } of run) {
  test(`${snippet.place} runs`, (t) => turns(() => (snippet.language === 'ts' ? runModule(t, snippet, file) : runCommands(t, snippet, folder))));
}

async function runModule(t: ExecutionContext, { text }: Snippet, file: string): Promise<void> {
  const { code, output } = await workplace.runFile(file);
  t.is(code, 0, `${text}\n\n${output}`);
}

async function runCommands(t: ExecutionContext, snippet: Snippet, folder: string): Promise<void> {
  for (const command of commandsOf(snippet).filter((line) => !isOwnScript(line))) {
    t.regex(command, /^npx infinitile /, 'another program is not run here: say so with <!-- not run: why -->');
    if (!command.startsWith('npx infinitile ')) continue;
    const { code, output } = await workplace.runCommand(command, folder, snippet.text.includes('cache clear'));
    t.is(code, 0, `${command}\n\n${output}`);
  }
}

function isOwnScript(command: string): boolean {
  return command.startsWith('npm ');
}

test('blocks and the comments before them are understood', (t) => {
  const page = ['```ts', '// a.ts', 'one;', '```', '<!-- continues -->', '```ts', 'two;', '```', '<!-- run as: 9 => 1 (time) -->', '```sh', 'x --n 9  # why', 'y \\', '  z', '```'].join('\n');
  const [first, second, ...more] = snippetsOf('page.md', page);
  t.deepEqual(first, { place: 'page.md:1', language: 'ts', text: '// a.ts\none;\ntwo;', replacements: [], fileName: 'a.ts' });
  t.deepEqual(second === undefined ? [] : commandsOf(second), ['x --n 1', 'y   z']);
  t.deepEqual(more, []);
  t.throws(() => snippetsOf('page.md', '<!-- rnu as: 9 => 1 (time) -->\n```sh\nx\n```'), { message: /page\.md:2.*rnu/ });
});

/** Writes every block, and a page's named ones beside each other. */
async function prepare(): Promise<readonly Job[]> {
  const made: Job[] = [];
  for (const page of pages) {
    const named = page.snippets.filter(({ fileName, leftOut: why }) => fileName !== undefined && why === undefined);
    for (const [i, snippet] of page.snippets.entries()) {
      const folder = await workplace.folder(path.join(folderOf(page), String(i)));
      const file = path.join(folder, snippet.fileName ?? 'snippet.ts');
      for (const { fileName = '', text } of named) await writeFile(path.join(folder, fileName), `${text}\n`);
      if (snippet.language === 'ts' && snippet.leftOut === undefined) await writeFile(file, `${snippet.text}\n`);
      made.push({ snippet, folder, file });
    }
  }
  return made;
}
