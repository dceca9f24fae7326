import path from 'node:path';
import { codeFrame, type Mistake, type Span } from '../diagnostics/index.js';
import { tsMorph, typescript, type ts } from '../lambda/typescript.js';

export interface TypeCheck {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** What `infinitile` stands for in them: the path of this package's main module, or of its types. */
  readonly packageTypes: string;
}

/** TypeScript's own errors in the files, syntax errors among them. Settings are those of the nearest tsconfig.json, else strict. */
export function typeErrors({ files, packageTypes }: TypeCheck): readonly Mistake[] {
  return [...byConfiguration(files)].flatMap(([configuration, together]) => errorsOf(together, configuration, packageTypes));
}

function byConfiguration(files: readonly string[]): ReadonlyMap<string | undefined, readonly string[]> {
  const compiler = typescript();
  const found = new Map<string | undefined, string[]>();
  for (const file of files) {
    const configuration = compiler.findConfigFile(path.dirname(file), (name) => compiler.sys.fileExists(name));
    found.set(configuration, [...(found.get(configuration) ?? []), file]);
  }
  return found;
}

function errorsOf(files: readonly string[], configuration: string | undefined, packageTypes: string): readonly Mistake[] {
  const { Project } = tsMorph();
  const compiler = typescript();
  const { options, errors } = configuration === undefined ? { options: strict(compiler), errors: [] } : read(configuration, compiler);
  const project = new Project({ compilerOptions: { ...options, noEmit: true, skipLibCheck: true, allowJs: true, paths: { ...options.paths, infinitile: [packageTypes] } } });
  const nodes = files.map((file) => project.addSourceFileAtPath(file).compilerNode);
  const program = project.getProgram().compilerObject;
  return [...errors, ...nodes.flatMap((node) => compiler.getPreEmitDiagnostics(program, node))].map((error) => mistake(error, compiler));
}

/** What a file is held to that has no tsconfig.json: it is run as a module, whatever the folder, and sees the types that are installed. */
function strict({ ScriptTarget, ModuleKind, ModuleResolutionKind }: typeof ts): ts.CompilerOptions {
  const { ES2023: target } = ScriptTarget;
  return { strict: true, target, module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler, allowImportingTsExtensions: true, types: ['*'] };
}

function read(file: string, compiler: typeof ts): { readonly options: ts.CompilerOptions; readonly errors: readonly ts.Diagnostic[] } {
  const text = compiler.readJsonConfigFile(file, (name) => compiler.sys.readFile(name));
  const { options, errors } = compiler.parseJsonSourceFileConfigFileContent(text, compiler.sys, path.dirname(file), undefined, file);
  // Which files the configuration names does not matter here.
  const noInputs = 18003;
  const all = compiler.getConfigFileParsingDiagnostics({ options, errors, fileNames: [] });
  return { options, errors: all.filter(({ code }) => code !== noInputs) };
}

function mistake({ code, file, start, length, messageText }: ts.Diagnostic, compiler: typeof ts): Mistake {
  const told = { code: `TS${code}`, message: compiler.flattenDiagnosticMessageText(messageText, '\n') };
  if (file === undefined || start === undefined) return told;
  const span = spanOf(file, start, start + (length ?? 0));
  return { ...told, span, frame: codeFrame({ file: file.fileName, text: file.text }, span) };
}

function spanOf(file: ts.SourceFile, start: number, end: number): Span {
  const position = (offset: number): Span['start'] => {
    const { line, character } = file.getLineAndCharacterOfPosition(offset);
    return { line: line + 1, column: character + 1 };
  };
  return { file: path.resolve(file.fileName), start: position(start), end: position(end) };
}
