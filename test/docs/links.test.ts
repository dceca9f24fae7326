import { existsSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { readPages, type Page } from './snippets.js';

const pages = new Map(readPages().map((page) => [page.name, page]));

for (const page of pages.values()) {
  test(`links of ${page.name} lead somewhere`, (t) => t.deepEqual(linksOf(page).filter((target) => !leadsSomewhere(page, target)), []));
}

function leadsSomewhere(page: Page, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const name = file === '' ? page.name : path.posix.join(path.posix.dirname(page.name), file);
  if (!existsSync(packagePath(...name.split('/')))) return false;
  const linked = pages.get(name);
  return anchor === undefined || linked === undefined || anchorsOf(linked).includes(anchor);
}

function linksOf({ text }: Page): readonly string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target));
}

/** As GitHub names headings. */
function anchorsOf({ text }: Page): readonly string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'));
}

/** Without code blocks. */
function prose(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '');
}
