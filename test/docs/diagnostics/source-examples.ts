import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../../codegen/emit/package-path.js';
import type { Mistake } from '../../../dsl/diagnostics/index.js';
import { checkFiles } from '../../../runtime/cli/check/check-files.js';
import { installDefinitionHooks } from '../../../runtime/cli/definition-hooks.js';
import { toldBy, type Example } from './example.js';

/*
 * docs/examples/diagnostics/<code>.ts: declarations, which are checked as `infinitile check` does, and programs, which are run.
 */

export const sourceFolder = packagePath('docs', 'examples', 'diagnostics');

const files = readdirSync(sourceFolder).filter((file) => file.endsWith('.ts')).sort();

/** Codes whose files declare; the files of INF3101 and INF3102 are used by commands. */
const declared = /^INF(1|2|30)/;
const programs = /^INF(3103|4)/;

/** What in the message of a program is the machine's own. */
const varying: Readonly<Record<string, RegExp>> = {
  INF3103: /[\d.]+ [KMG]iB|\d+ x \d+|(?<=raise the budget ).*/g,
  INF4011: /(?<=within \[)[^\]]+/g,
};

export function sourceExamples(): ReadonlyMap<string, Example> {
  return new Map(files.map((file) => [file.replace('.ts', ''), file] as const).filter(([code]) => declared.test(code) || programs.test(code)).map(([code, file]) => [code, exampleOf(code, file)]));
}

function exampleOf(code: string, file: string): Example {
  const varies = varying[code];
  return {
    shown: { language: 'typescript', text: sourceOf(file) },
    tell: () => (declared.test(code) ? checked(file) : run(file)),
    ...(varies === undefined ? {} : { varies }),
  };
}

export function sourceOf(file: string): string {
  return readFileSync(path.join(sourceFolder, file), 'utf8').trimEnd();
}

let checking: ReturnType<typeof checkFiles> | undefined;

/** Without TypeScript's errors: many of these mistakes are mistakes to it too. */
async function checked(file: string): Promise<readonly Mistake[]> {
  checking ??= checkFiles(files.filter((name) => declared.test(name)).map((name) => path.join(sourceFolder, name)));
  const { mistakes } = await checking;
  return mistakes.filter(({ code, span }) => code.startsWith('INF') && span !== undefined && path.basename(span.file) === file);
}

function run(file: string): Promise<readonly Mistake[]> {
  installDefinitionHooks();
  return toldBy(() => import(pathToFileURL(path.join(sourceFolder, file)).href));
}
