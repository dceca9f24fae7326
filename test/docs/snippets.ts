import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { packagePath } from '../../codegen/emit/package-path.js';

/*
 * Code blocks of README.md and docs/*.md, as the tests run them. HTML comments on the line before a block say what cannot be
 * seen from it:
 *
 *     <!-- continues -->                       the block goes on where the last one of its language ended
 *     <!-- not run: why -->                    the block is left out
 *     <!-- run as: A => B, C => D (why) -->    smaller sizes, another name: B is run in the place of A
 *
 * A `ts` block that begins with `// name.ts` is also a file of that name for the page's other blocks.
 */

export interface Snippet {
  /** `docs/guide.md:12`: where it begins. */
  readonly place: string;
  readonly language: 'ts' | 'sh';
  readonly text: string;
  /** Why it is left out. */
  readonly leftOut?: string;
  /** What is run in the place of what. */
  readonly replacements: readonly { readonly shown: string; readonly run: string }[];
  /** The name that a block gives itself. */
  readonly fileName?: string;
}

export interface Page {
  /** `docs/guide.md`. */
  readonly name: string;
  readonly text: string;
  readonly snippets: readonly Snippet[];
}

export function readPages(): readonly Page[] {
  const docs = readdirSync(packagePath('docs')).filter((name) => name.endsWith('.md')).sort();
  return ['README.md', ...docs.map((name) => `docs/${name}`)].map((name) => {
    const text = readFileSync(packagePath(...name.split('/')), 'utf8');
    return { name, text, snippets: snippetsOf(name, text) };
  });
}

/** The lines of a shell block that are commands. */
export function commandsOf({ text, replacements }: Snippet): readonly string[] {
  const whole = text.replaceAll('\\\n', '');
  const lines = whole.split('\n').map((line) => line.replace(/(?:^|\s+)# .*$/, '').trim());
  return lines.filter((line) => line !== '').map((line) => replacements.reduce((command, { shown, run }) => command.replaceAll(shown, run), line));
}

export function snippetsOf(page: string, text: string): readonly Snippet[] {
  const snippets: Snippet[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i += 1) {
    const language = /^```(ts|sh)$/.exec(lines[i] ?? '')?.[1];
    if (language !== 'ts' && language !== 'sh') continue;
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`${page}:${i + 1}: the block does not end`);
    const place = `${page}:${i + 1}`;
    add(snippets, { place, language, text: lines.slice(i + 1, end).join('\n'), ...directive(place, lines[i - 1] ?? '') });
    i = end;
  }
  return snippets;
}

function add(snippets: Snippet[], { continues, ...snippet }: Snippet & { readonly continues: boolean }): void {
  const fileName = /^\/\/ ([\w-]+\.ts)$/m.exec(snippet.text.split('\n')[0] ?? '')?.[1];
  if (!continues) {
    snippets.push({ ...snippet, ...(fileName === undefined ? {} : { fileName }) });
    return;
  }
  const at = snippets.findLastIndex(({ language }) => language === snippet.language);
  const last = snippets[at];
  if (last === undefined) throw new Error(`${snippet.place}: there is nothing that it could continue`);
  snippets[at] = { ...last, text: `${last.text}\n${snippet.text}` };
}

function directive(place: string, line: string): Pick<Snippet, 'leftOut' | 'replacements'> & { readonly continues: boolean } {
  const comment = /^<!-- (.*) -->$/.exec(line)?.[1];
  const nothing = { replacements: [], continues: false };
  if (comment === undefined) return nothing;
  if (comment === 'continues') return { ...nothing, continues: true };
  const leftOut = /^not run: (.+)$/.exec(comment)?.[1];
  if (leftOut !== undefined) return { ...nothing, leftOut };
  const list = /^run as: (.+) \(.+\)$/.exec(comment)?.[1];
  if (list === undefined) throw new Error(`${place}: the comment before it is none of those that the tests understand: ${comment}`);
  const replacements = list.split(', ').map((part) => {
    const [shown, run] = part.split(' => ');
    if (shown === undefined || run === undefined) throw new Error(`${place}: '${part}' is not of the form A => B`);
    return { shown, run };
  });
  return { ...nothing, replacements };
}

/** A part of a path that names the page's folder in the tests' working directory. */
export function folderOf({ name }: Page): string {
  return path.basename(name, '.md').toLowerCase();
}
