import { codeFrame, type Diagnostic, type Span } from '../diagnostics/index.js';
import { typescript, type ts } from './typescript.js';

/** A parsed text, and places in it. */
export class Source {
  readonly file: string;
  readonly text: string;
  readonly root: ts.SourceFile;
  readonly #linesBefore: number;

  /** `wrap` stands around the text when it is parsed, on lines of its own, and is not part of any place. */
  constructor(file: string, text: string, wrap?: { readonly before: string; readonly after: string }) {
    const compiler = typescript();
    this.file = file;
    this.text = text;
    this.#linesBefore = wrap === undefined ? 0 : 1;
    const parsed = wrap === undefined ? text : `${wrap.before}\n${text}\n${wrap.after}`;
    this.root = compiler.createSourceFile(/\.[cm]?[jt]sx?$/.test(file) ? file : 'lambda.ts', parsed, compiler.ScriptTarget.Latest, true);
  }

  span(node: ts.Node): Span {
    return { file: this.file, start: this.#position(node.getStart(this.root)), end: this.#position(node.getEnd()) };
  }

  /** Span and frame, for a diagnostic. */
  mark(node: ts.Node): Pick<Diagnostic, 'span' | 'frame'> {
    const span = this.span(node);
    return { span, frame: codeFrame({ file: this.file, text: this.text }, span) };
  }

  #position(offset: number): Span['start'] {
    const { line, character } = this.root.getLineAndCharacterOfPosition(offset);
    return { line: line + 1 - this.#linesBefore, column: character + 1 };
  }
}

/** A function in a source. */
export interface LambdaSource {
  readonly source: Source;
  readonly lambda: LambdaNode;
}

export type LambdaNode = ts.ArrowFunction | ts.FunctionExpression | ts.FunctionDeclaration | ts.MethodDeclaration;

export function isLambdaNode(node: ts.Node): node is LambdaNode {
  const compiler = typescript();
  return compiler.isArrowFunction(node) || compiler.isFunctionExpression(node) || compiler.isFunctionDeclaration(node) || compiler.isMethodDeclaration(node);
}

/** A function's own text as a source. Undefined for native and bound functions, and for classes. */
export function sourceOfFunction(text: string, description: string): LambdaSource | undefined {
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) return undefined;
  for (const wrap of [{ before: '(', after: ')' }, { before: '({', after: '})' }]) {
    const source = new Source(description, text, wrap);
    const lambda = onlyFunction(source.root);
    if (lambda !== undefined) return { source, lambda };
  }
  return undefined;
}

/** The function of `(function)` or of `({ method() {} })`. */
function onlyFunction(root: ts.SourceFile): LambdaNode | undefined {
  const compiler = typescript();
  const [statement] = root.statements;
  if (statement === undefined || root.statements.length > 1 || !compiler.isExpressionStatement(statement)) return undefined;
  const inner = compiler.isParenthesizedExpression(statement.expression) ? statement.expression.expression : undefined;
  const [method] = inner !== undefined && compiler.isObjectLiteralExpression(inner) ? inner.properties : [];
  const node = method ?? inner;
  return node !== undefined && isLambdaNode(node) && node.body !== undefined ? node : undefined;
}
