import { writeFileSync } from 'node:fs';
import { packagePath } from '../../codegen/emit/package-path.js';
import { catalog } from '../../dsl/diagnostics/index.js';
import { messageOf } from './diagnostics/example.js';
import { examples } from './diagnostics/examples.js';

/** What the first digit of a code stands for. */
const areas: Readonly<Record<string, string>> = {
  1: 'Lambdas',
  2: 'Loss declarations',
  3: 'Tilings',
  4: 'Inputs',
  5: 'Tool chain',
  6: 'Files and the artifact cache',
  7: 'Devices and runs',
  8: 'The command line',
};

export const diagnosticsPage = packagePath('docs', 'diagnostics.md');

/** docs/diagnostics.md as the catalog and the examples have it. Run by itself, this module writes the page. */
export async function renderDiagnostics(): Promise<string> {
  const parts = [introduction];
  let area: string | undefined;
  for (const [code, { title, explanation }] of Object.entries(catalog)) {
    const digit = code.charAt('INF'.length);
    if (digit !== area) {
      const name = areas[digit];
      if (name === undefined) throw new Error(`no area is named for ${code}`);
      parts.push(`## ${digit}xxx: ${name}`);
      area = digit;
    }
    parts.push(`### ${code}: ${title}`, explanation, ...(await renderExample(code)));
  }
  return `${parts.join('\n\n')}\n`;
}

/** What makes the mistake, and what is told. */
async function renderExample(code: string): Promise<readonly string[]> {
  const example = examples.get(code);
  if (example === undefined) return [];
  const { shown, tell, varies } = example;
  return [block(shown.language, shown.text), block('text', messageOf(await tell(), varies))];
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

const introduction = `<!-- Written from dsl/diagnostics/catalog.ts and docs/examples/diagnostics by \`npm run docs:diagnostics\`: do not edit. -->

# Diagnostics

A mistake is told with a code, what is wrong, and what would be right. A mistake in a file comes with its line, its column and
the lines around it. All mistakes that can be found at once are told at once.

\`\`\`text
losses.ts:6:40 INF1006 the loss has no parameter 'logscale'

    4 | export const mine = pairwiseLoss('mine', {
    5 |   params: ['logScale'],
  > 6 |   logit: ({ dot, params }) => Math.exp(params.logscale) * dot,
      |                                        ^^^^^^^^^^^^^^^
    7 |   rows: softmax(),

  hint: did you mean 'logScale'? its parameters are 'logScale'
\`\`\`

In a program they are an \`InfinitileError\`: \`error.diagnostics\` holds each with its \`code\`, \`message\`, \`hint\`, \`span\` and
\`frame\`. The command line prints them and ends with exit code 1; a flag that it does not know ends it with 2, an interrupt with
130.

\`infinitile check file.ts\` tells all mistakes of a file, of all its losses and tilings, with TypeScript's own type errors among
them.

A code keeps its meaning: it is never used for another mistake. Below each is an example with what is told of it; tests make each
mistake anew. \`…\` stands for what differs between machines.`;

if (process.argv[1] !== undefined && /diagnostics-page\.(ts|js)$/.test(process.argv[1])) writeFileSync(diagnosticsPage, await renderDiagnostics());
