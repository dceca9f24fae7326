import { byPlace } from '../../../dsl/diagnostics/collector.js';
import { InfinitileError, type Diagnostic, type Mistake, type Span } from '../../../dsl/diagnostics/index.js';
import { record } from '../../../dsl/diagnostics/recording.js';
import { typeErrors } from '../../../dsl/typecheck/type-errors.js';
import { findDefinitionFile, importDefinitions } from '../definition-file.js';
import { packageTypes } from '../definition-hooks.js';
import { diagnosticsOf } from '../failure.js';
import { isDefinition } from '../load-definition.js';
import { withoutOutput } from './without-output.js';

export interface Checked {
  /** In the order of files and lines. */
  readonly mistakes: readonly Mistake[];
  readonly files: number;
}

interface DefinitionFile {
  /** As it was named. */
  readonly name: string;
  readonly absolute: string;
}

/** All mistakes of the losses and tilings that files declare, and of their types. */
export async function checkFiles(names: readonly string[]): Promise<Checked> {
  const mistakes: Mistake[] = [];
  const files = new Map<string, DefinitionFile>();
  for (const name of names) {
    await caught(mistakes, async () => {
      const absolute = await findDefinitionFile(name, () => Promise.resolve(usageOf(name)));
      files.set(absolute, { name, absolute });
    });
  }
  const wrongTypes = typeErrors({ files: [...files.keys()], packageTypes });
  mistakes.push(...wrongTypes);
  const loaded = [...files.values()].filter(({ absolute }) => !wrongTypes.some((mistake) => isSyntaxError(mistake, absolute)));
  mistakes.push(...(await declarationMistakes(loaded)));
  return { mistakes: mistakes.sort(byPlace), files: new Set(names).size };
}

async function declarationMistakes(files: readonly DefinitionFile[]): Promise<readonly Mistake[]> {
  const mistakes: Mistake[] = [];
  const complete: { readonly file: DefinitionFile; readonly exports: Readonly<Record<string, unknown>> }[] = [];
  const recording = await record(async () => {
    for (const file of files) {
      await caught(mistakes, async () => {
        complete.push({ file, exports: await withoutOutput(() => importDefinitions(file.name, file.absolute)) });
      }, file);
    }
  });
  const empty = complete.filter(({ file, exports }) => !recording.files.has(file.absolute) && !Object.values(exports).some(isDefinition));
  return [...mistakes, ...recording.diagnostics, ...empty.map(({ file }) => declaresNothing(file))];
}

function declaresNothing(file: DefinitionFile): Diagnostic {
  return { code: 'INF8003', message: `'${file.name}' declares no loss and no tiling`, hint: 'write export const name = pairwiseLoss(...) or tiling(...)', span: start(file) };
}

/** Where a mistake of a whole file is told. */
function start({ absolute }: DefinitionFile): Span {
  return { file: absolute, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
}

/** TypeScript's codes from 1000 to 1999 are about syntax: such a file cannot be run. */
function isSyntaxError({ code, span }: Mistake, file: string): boolean {
  return /^TS1\d{3}$/.test(code) && span?.file === file;
}

function usageOf(name: string): string {
  const mark = name.lastIndexOf('#');
  return mark < 0 ? 'check takes files that declare losses and tilings: losses.ts' : `check takes whole files: ${name.slice(0, mark)}`;
}

/** Adds the mistakes that the work throws, about a file where it has one. */
async function caught(mistakes: Mistake[], work: () => Promise<void>, file?: DefinitionFile): Promise<void> {
  try {
    await work();
  } catch (error) {
    const diagnostics = error instanceof InfinitileError ? error.diagnostics : diagnosticsOf(error);
    if (diagnostics === undefined) throw error;
    mistakes.push(...diagnostics.map((diagnostic) => ({ ...(file === undefined ? {} : { span: start(file) }), ...diagnostic })));
  }
}
