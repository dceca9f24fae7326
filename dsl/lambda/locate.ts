import { readSource, type CallSite } from '../diagnostics/call-site.js';
import { isLambdaNode, Source, type LambdaNode, type LambdaSource } from './source.js';
import { typescript, type ts } from './typescript.js';

/** Names and indices that lead from a call's declaration to something in it: `['pairs', 'value']`, `['params', 1]`. */
export type PropertyPath = readonly (string | number)[];

/** A call such as `pairwiseLoss('name', { ... })` in the file that it was written in. */
export class LocatedCall {
  readonly source: Source;
  readonly #call: ts.CallExpression;

  constructor(source: Source, call: ts.CallExpression) {
    this.source = source;
    this.#call = call;
  }

  /** What the path leads to, or the nearest thing on the way that the file shows. */
  node(path: PropertyPath): ts.Node {
    let node: ts.Node = this.#call.arguments[1] ?? this.#call;
    for (const key of path) {
      const next = child(node, key);
      if (next === undefined) return node === this.#call.arguments[1] ? this.#call.expression : node;
      node = next;
    }
    return path.length === 0 ? this.#call.expression : node;
  }

  /** The name of the property that the path leads to, for one that should not be there. */
  key(path: PropertyPath): ts.Node {
    const name = path.at(-1);
    const record = path.length === 1 ? this.#call.arguments[1] : this.node(path.slice(0, -1));
    const property = typeof name === 'string' && record !== undefined ? propertyNamed(argumentOf(resolve(record)), name) : undefined;
    return property?.name ?? this.node(path);
  }

  name(): ts.Node {
    return this.#call.arguments[0] ?? this.#call.expression;
  }

  lambda(path: PropertyPath): LambdaSource | undefined {
    const node = resolve(this.node(path));
    return isLambdaNode(node) ? { source: this.source, lambda: node } : undefined;
  }

  /** Local names of what the file imports, for names that are renamed: `import { softplus as sp }`. */
  imports(): ReadonlyMap<string, string> {
    const compiler = typescript();
    const renamed = new Map<string, string>();
    for (const statement of this.source.root.statements) {
      const bindings = compiler.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
      if (bindings === undefined || !compiler.isNamedImports(bindings)) continue;
      for (const { name, propertyName } of bindings.elements) if (propertyName !== undefined) renamed.set(name.text, propertyName.text);
    }
    return renamed;
  }
}

/** The call of `callee` at a place. Columns are approximate where source maps are; the declared name decides. */
export function locateCall(site: CallSite | undefined, callee: string, name: string): LocatedCall | undefined {
  const text = site === undefined ? undefined : readSource(site.file);
  if (site === undefined || text === undefined) return undefined;
  const source = new Source(text.file, text.text);
  const ranked = callsOf(source.root, callee)
    .map((call) => ({ call, rank: rankOf(call, source, site, name) }))
    .sort((a, b) => a.rank - b.rank);
  const [best] = ranked;
  return best === undefined || best.rank === Infinity ? undefined : new LocatedCall(source, best.call);
}

function callsOf(root: ts.SourceFile, callee: string): readonly ts.CallExpression[] {
  const compiler = typescript();
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (compiler.isCallExpression(node)) found.push(node);
    compiler.forEachChild(node, visit);
  };
  visit(root);
  const named = found.filter(({ expression }) => calledName(expression) === callee);
  return named.length > 0 ? named : found.filter(({ arguments: args }) => args[1] !== undefined && compiler.isObjectLiteralExpression(args[1]));
}

/** Distance in lines; calls that say another name do not count. */
function rankOf(call: ts.CallExpression, source: Source, site: CallSite, name: string): number {
  const [first] = call.arguments;
  if (first !== undefined && typescript().isStringLiteralLike(first) && first.text !== name) return Infinity;
  const { start, end } = source.span(call);
  if (site.line < start.line) return start.line - site.line;
  return site.line <= end.line ? 0 : site.line - end.line;
}

function calledName(callee: ts.Expression): string | undefined {
  const compiler = typescript();
  if (compiler.isIdentifier(callee)) return callee.text;
  return compiler.isPropertyAccessExpression(callee) ? callee.name.text : undefined;
}

/** The value of a property or element. */
function child(from: ts.Node, key: string | number): ts.Node | undefined {
  const compiler = typescript();
  const node = resolve(from);
  if (typeof key === 'number') return compiler.isArrayLiteralExpression(node) ? node.elements[key] : undefined;
  const property = propertyNamed(argumentOf(node), key);
  if (property === undefined) return undefined;
  if (compiler.isPropertyAssignment(property)) return property.initializer;
  return compiler.isShorthandPropertyAssignment(property) ? property.name : property;
}

/** What `pairTerm({ ... })` or `softmax({ ... })` is given; anything else as it is. */
function argumentOf(node: ts.Node): ts.Node | undefined {
  return typescript().isCallExpression(node) ? node.arguments[0] : node;
}

function propertyNamed(record: ts.Node | undefined, name: string): ts.ObjectLiteralElementLike | undefined {
  if (record === undefined) return undefined;
  const compiler = typescript();
  const node = resolve(record);
  if (!compiler.isObjectLiteralExpression(node)) return undefined;
  return node.properties.find((property) => property.name !== undefined && (compiler.isIdentifier(property.name) || compiler.isStringLiteral(property.name)) && property.name.text === name);
}

/** What a name at the top of the file stands for; anything else as it is. */
function resolve(node: ts.Node): ts.Node {
  const compiler = typescript();
  if (compiler.isParenthesizedExpression(node) || compiler.isAsExpression(node) || compiler.isSatisfiesExpression(node)) return resolve(node.expression);
  if (!compiler.isIdentifier(node)) return node;
  for (const statement of node.getSourceFile().statements) {
    const found = declared(statement, node.text);
    if (found !== undefined) return compiler.isIdentifier(found) ? found : resolve(found);
  }
  return node;
}

function declared(statement: ts.Statement, name: string): ts.Expression | LambdaNode | undefined {
  const compiler = typescript();
  if (compiler.isFunctionDeclaration(statement)) return statement.name?.text === name ? statement : undefined;
  if (!compiler.isVariableStatement(statement)) return undefined;
  return statement.declarationList.declarations.find(({ name: declaration }) => compiler.isIdentifier(declaration) && declaration.text === name)?.initializer;
}
