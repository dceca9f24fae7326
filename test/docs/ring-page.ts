import { readFileSync, writeFileSync } from 'node:fs';
import { packagePath } from '../../codegen/emit/package-path.js';
import type { Cluster } from '../../codegen/ring/cluster.js';
import { readCluster } from '../../runtime/cli/ring/cluster-file.js';
import { runCli } from '../../runtime/cli/program.js';
import { MemoryTerminal } from '../../runtime/cli/terminal.js';
import { ringTables } from './ring-tables.js';

/**
 * docs/ring.md: prose by hand, and between `<!-- simulated: NAME -->` and `<!-- end -->` the tables of `ring-tables.ts`; docs/ring.svg
 * is drawn by the command that the page shows. Run by itself, this module writes both.
 */
export const ringPage = packagePath('docs', 'ring.md');
export const ringPicture = packagePath('docs', 'ring.svg');

const clusterFile = packagePath('docs', 'clusters', 'hopper.json');

const places = /^<!-- simulated: ([\w-]+) -->$[^]*?^<!-- end -->$/gm;

/** The cluster that the page prices its rings on. */
export function pageCluster(): Promise<Cluster> {
  return readCluster(clusterFile);
}

/** The page's text with the tables in their places. */
export async function renderRing(page: string): Promise<string> {
  const tables = ringTables(await pageCluster());
  const placed = new Set<string>();
  const text = page.replace(places, (_, name: string) => {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`the page has a place for '${name}', and there is no such table`);
    placed.add(name);
    return [`<!-- simulated: ${name} -->`, table, '<!-- end -->'].join('\n\n');
  });
  const homeless = [...tables.keys()].filter((name) => !placed.has(name));
  if (homeless.length > 0) throw new Error(`docs/ring.md has no place for ${homeless.join(', ')}`);
  return text;
}

/** Draws the picture to `file` by the page's command for it. */
export async function drawPicture(page: string, file: string): Promise<void> {
  const command = /^ {4}npx infinitile (ring .*) --simulate docs\/clusters\/hopper\.json --svg docs\/ring\.svg$/m.exec(page)?.[1];
  if (command === undefined) throw new Error('docs/ring.md does not show the command that draws docs/ring.svg');
  const terminal = new MemoryTerminal();
  const code = await runCli([...command.split(' '), '--simulate', clusterFile, '--svg', file], terminal);
  if (code !== 0) throw new Error(`${command}: ${terminal.stderr}`);
}

if (process.argv[1] !== undefined && /ring-page\.(ts|js)$/.test(process.argv[1])) {
  const page = await renderRing(readFileSync(ringPage, 'utf8'));
  writeFileSync(ringPage, page);
  await drawPicture(page, ringPicture);
}
