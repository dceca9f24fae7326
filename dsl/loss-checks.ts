import { didYouMean, listNames, showValue, type DiagnosticCode, type DiagnosticCollector } from './diagnostics/index.js';
import { reservedAttributes } from './attributes.js';
import type { LocatedCall, PropertyPath } from './lambda/index.js';
import type { AttributeTypes } from './loss.js';

/*
 * Checks of a loss declaration apart from its lambdas. Types say most of it already; these hold for JavaScript too, and for
 * values that are computed.
 */

const fields = ['params', 'constants', 'functions', 'attributes', 'between', 'guide', 'positives', 'logit', 'rows', 'cols', 'pairs'] as const;
const softmaxFields = ['kind', 'weight', 'reduction', 'unmatched', 'normaliser', 'counts', 'value'] as const;
const tensors = ['queries', 'keys'] as const;
const pairFields = ['kind', 'value', 'weight', 'reduction'] as const;

export function checkDeclaration(name: unknown, declaration: object, located: () => LocatedCall | undefined, collector: DiagnosticCollector): void {
  const checks = new DeclarationChecks(name, located, collector);
  checks.lossName();
  checks.knownFields(declaration, fields, []);
  checks.params(entry(declaration, 'params'));
  checks.constants(entry(declaration, 'constants'));
  checks.functions(entry(declaration, 'functions'));
  checks.attributes(entry(declaration, 'attributes'));
  checks.between(entry(declaration, 'between'));
  checks.guide(entry(declaration, 'guide'));
  checks.positives(entry(declaration, 'positives'));
  checks.lambda(entry(declaration, 'logit'), ['logit']);
  checks.softmax(entry(declaration, 'rows'), 'rows');
  checks.softmax(entry(declaration, 'cols'), 'cols');
  checks.pairs(entry(declaration, 'pairs'));
  checks.terms(declaration);
}

/** The declared names, which lambdas may read, each once. */
export function paramsOf(declaration: object): readonly string[] {
  const params = entry(declaration, 'params');
  if (!Array.isArray(params)) return [];
  return [...new Set(params)].filter((name) => typeof name === 'string');
}

/** The declared constants that lambdas may read. Those of a wrong type are told once, and then taken for numbers. */
export function constantsOf(declaration: object): Readonly<Record<string, number | boolean>> {
  const constants = entry(declaration, 'constants');
  if (!isRecord(constants)) return {};
  return Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, typeof value === 'number' || typeof value === 'boolean' ? value : 0]));
}

/** The declared attributes of a side whose types are right. */
export function attributesOf(declaration: object, side: 'rows' | 'cols'): AttributeTypes {
  const declared = entry(entry(declaration, 'attributes'), side);
  if (!isRecord(declared)) return {};
  return Object.fromEntries(Object.entries(declared).flatMap(([name, type]) => (type === 'i32' || type === 'f32' ? [[name, type] as const] : [])));
}

export function functionsOf(declaration: object): Readonly<Record<string, unknown>> {
  const functions = entry(declaration, 'functions');
  return isRecord(functions) ? functions : {};
}

class DeclarationChecks {
  readonly #name: unknown;
  readonly #located: () => LocatedCall | undefined;
  readonly #collector: DiagnosticCollector;

  constructor(name: unknown, located: () => LocatedCall | undefined, collector: DiagnosticCollector) {
    this.#name = name;
    this.#located = located;
    this.#collector = collector;
  }

  lossName(): void {
    if (typeof this.#name === 'string' && /^[A-Za-z][\w-]*$/.test(this.#name)) return;
    const hint = 'a letter, then letters, digits, `_` and `-`';
    const call = this.#located();
    this.#collector.add({ code: 'INF2001', message: `${showValue(this.#name)} cannot name a loss`, hint, ...call?.source.mark(call.name()) });
  }

  knownFields(value: unknown, known: readonly string[], path: readonly string[]): void {
    if (!isRecord(value)) return;
    for (const field of Object.keys(value).filter((given) => !known.includes(given))) {
      const where = path.length === 0 ? this.#loss() : `'${path.join('.')}' of ${this.#loss()}`;
      this.#tellKey('INF2009', [...path, field], `${where} has no field '${field}'`, `${spaced(didYouMean(field, known))}its fields are ${listNames(known.filter((name) => name !== 'kind'))}`);
    }
  }

  params(params: unknown): void {
    if (params === undefined) return;
    if (!Array.isArray(params)) {
      this.#tell('INF2010', ['params'], `params of ${this.#loss()} is ${showValue(params)}`, "a list of names is needed: params: ['logScale']");
      return;
    }
    const names: readonly unknown[] = params;
    names.forEach((name, i) => {
      if (typeof name !== 'string' || !isIdentifier(name)) this.#tell('INF2003', ['params', i], `${showValue(name)} cannot name a parameter`, 'it is read as params.name: a letter, then letters, digits and `_`');
      else if (names.indexOf(name) < i) this.#tell('INF2002', ['params', i], `parameter '${name}' is declared twice`, 'each learned scalar has one name');
    });
  }

  constants(constants: unknown): void {
    if (constants === undefined) return;
    if (!isRecord(constants)) {
      this.#tell('INF2010', ['constants'], `constants of ${this.#loss()} is ${showValue(constants)}`, 'a record is needed: constants: { margin: 0.2 }');
      return;
    }
    for (const [name, value] of Object.entries(constants)) {
      if (!isIdentifier(name)) this.#tellKey('INF2003', ['constants', name], `'${name}' cannot name a constant`, 'it is read as constants.name: a letter, then letters, digits and `_`');
      const usable = typeof value === 'boolean' || (typeof value === 'number' && !Number.isNaN(value));
      if (!usable) this.#tell('INF2008', ['constants', name], `constant '${name}' is ${showValue(value)}`, 'a constant is a number or a boolean');
    }
  }

  functions(functions: unknown): void {
    if (functions === undefined) return;
    if (!isRecord(functions)) {
      this.#tell('INF2010', ['functions'], `functions of ${this.#loss()} is ${showValue(functions)}`, 'a record is needed: functions: { cap: (x: number) => ... }');
      return;
    }
    for (const [name, value] of Object.entries(functions)) {
      if (!isIdentifier(name)) this.#tellKey('INF2003', ['functions', name], `'${name}' cannot name a function`, 'it is called as functions.name: a letter, then letters, digits and `_`');
      if (typeof value !== 'function') this.#tell('INF2010', ['functions', name], `function '${name}' is ${showValue(value)}`, 'an arrow function of numbers is needed: (x: number) => ...');
    }
  }

  attributes(attributes: unknown): void {
    if (attributes === undefined) return;
    if (!isRecord(attributes)) {
      this.#tell('INF2010', ['attributes'], `attributes of ${this.#loss()} is ${showValue(attributes)}`, "a record is needed: attributes: { rows: { label: 'i32' }, cols: { label: 'i32' } }");
      return;
    }
    this.knownFields(attributes, ['rows', 'cols'], ['attributes']);
    for (const side of ['rows', 'cols'] as const) this.#attributesOf(side, entry(attributes, side));
  }

  #attributesOf(side: 'rows' | 'cols', declared: unknown): void {
    if (declared === undefined) return;
    if (!isRecord(declared)) {
      this.#tell('INF2010', ['attributes', side], `'attributes.${side}' of ${this.#loss()} is ${showValue(declared)}`, `a record of types is needed: ${side}: { label: 'i32' }`);
      return;
    }
    for (const [name, type] of Object.entries(declared)) {
      const path = ['attributes', side, name];
      if (!isIdentifier(name)) this.#tellKey('INF2011', path, `'${name}' cannot name an attribute`, 'it is read as row.name or col.name: a letter, then letters, digits and `_`');
      else if (reservedAttributes.includes(name)) this.#tellKey('INF2011', path, `every row and column has '${name}' by itself`, 'give the attribute another name');
      else if (type !== 'i32' && type !== 'f32') this.#tell('INF2011', path, `attribute '${name}' is ${showValue(type)}`, "it is 'i32' (labels, groups: exact) or 'f32' (weights)");
    }
  }

  between(between: unknown): void {
    if (between === undefined) return;
    if (!isRecord(between)) {
      this.#tell('INF2010', ['between'], `between of ${this.#loss()} is ${showValue(between)}`, "rows and columns are needed: between: { rows: ['queries'], cols: ['queries', 'keys'] }");
      return;
    }
    this.knownFields(between, ['rows', 'cols'], ['between']);
    for (const side of ['rows', 'cols'] as const) {
      const given = entry(between, side);
      const list: readonly unknown[] | undefined = Array.isArray(given) ? given : undefined;
      if (list !== undefined && isTensorList(list)) continue;
      const shown = list === undefined ? showValue(given) : `[${list.map(showValue).join(', ')}]`;
      this.#tell('INF2007', ['between', side], `'between.${side}' of ${this.#loss()} is ${shown}`, "it is ['queries'], ['keys'] or ['queries', 'keys']");
    }
  }

  guide(guide: unknown): void {
    if (guide === undefined || typeof guide === 'boolean') return;
    this.#tell('INF2010', ['guide'], `guide of ${this.#loss()} is ${showValue(guide)}`, 'it says whether there is a second pair of inputs: guide: true');
  }

  positives(positives: unknown): void {
    if (positives === undefined) return;
    const lambdas = ['column', 'where'].filter((name) => entry(positives, name) !== undefined);
    const [lambda, second] = lambdas;
    if (lambda === undefined) {
      const kind = entry(positives, 'kind');
      if (['diagonal', 'indexMap', 'counterpart'].some((known) => known === kind)) return;
      this.#tell('INF2007', ['positives'], `positives of ${this.#loss()} is ${showValue(kind ?? positives)}`, 'it is diagonal, indexMap or counterpart, imported from infinitile, { column: ... } or { where: ... }');
      return;
    }
    if (second !== undefined) this.#tellKey('INF2009', ['positives', second], `positives of ${this.#loss()} has both '${lambda}' and '${second}'`, 'each row has one column, or any number where a condition holds: give one of the two');
    this.knownFields(positives, lambdas, ['positives']);
    this.lambda(entry(positives, lambda), ['positives', lambda]);
  }

  lambda(value: unknown, path: readonly string[]): void {
    if (typeof value === 'function') return;
    const example = examples[path.join('.')] ?? '';
    this.#tell('INF2010', path, value === undefined ? `${this.#loss()} has no '${path.join('.')}'` : `'${path.join('.')}' of ${this.#loss()} is ${showValue(value)}`, `a function is needed: ${example}`);
  }

  softmax(term: unknown, field: 'rows' | 'cols'): void {
    if (term === undefined) return;
    if (!isRecord(term) || ![undefined, 'softmax'].some((kind) => kind === entry(term, 'kind'))) {
      this.#tell('INF2010', [field], `'${field}' of ${this.#loss()} is ${showValue(term)}`, `a softmax is needed: ${field}: softmax({ weight: 0.5 })`);
      return;
    }
    this.knownFields(term, softmaxFields, [field]);
    this.weight(entry(term, 'weight'), [field, 'weight']);
    this.choice(entry(term, 'reduction'), ['mean', 'sum'], [field, 'reduction'], `'${field}.reduction'`);
    this.choice(entry(term, 'unmatched'), ['refuse', 'skip'], [field, 'unmatched'], `'${field}.unmatched'`);
    this.choice(entry(term, 'normaliser'), ['own', 'counterparts'], [field, 'normaliser'], `'${field}.normaliser'`);
    for (const name of ['counts', 'value'] as const) if (entry(term, name) !== undefined) this.lambda(entry(term, name), [field, name]);
  }

  pairs(term: unknown): void {
    if (term === undefined) return;
    if (!isRecord(term)) {
      this.#tell('INF2010', ['pairs'], `'pairs' of ${this.#loss()} is ${showValue(term)}`, 'a pair term is needed: pairs: { value: ({ logit }) => ... }');
      return;
    }
    this.knownFields(term, pairFields, ['pairs']);
    this.lambda(entry(term, 'value'), ['pairs', 'value']);
    this.weight(entry(term, 'weight'), ['pairs', 'weight']);
    this.choice(entry(term, 'reduction'), ['rowMean', 'pairMean', 'sum'], ['pairs', 'reduction'], "'pairs.reduction'");
  }

  weight(value: unknown, path: PropertyPath): void {
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value !== 0)) return;
    const hint = value === 0 ? 'leave the term out instead' : 'a weight is a finite number other than 0';
    this.#tell('INF2005', path, `weight '${path.join('.')}' of ${this.#loss()} is ${showValue(value)}`, hint);
  }

  choice(value: unknown, known: readonly string[], path: PropertyPath, what: string): void {
    if (value === undefined) return;
    if (typeof value === 'string' && known.includes(value)) return;
    this.#tell('INF2007', path, `${what} of ${this.#loss()} is ${showValue(value)}`, `it is one of ${listNames(known, 'or')}`);
  }

  terms(declaration: object): void {
    if (['rows', 'cols', 'pairs'].some((field) => entry(declaration, field) !== undefined)) return;
    this.#tell('INF2004', [], `${this.#loss()} has no term: there is nothing to sum`, 'give it rows: softmax(), cols: softmax() or pairs: { value: ... }');
  }

  #loss(): string {
    return `loss ${showValue(this.#name)}`;
  }

  #tell(code: DiagnosticCode, path: PropertyPath, message: string, hint: string): void {
    const call = this.#located();
    this.#collector.add({ code, message, hint, ...call?.source.mark(call.node(path)) });
  }

  /** About the name of a field, not its value. */
  #tellKey(code: DiagnosticCode, path: PropertyPath, message: string, hint: string): void {
    const call = this.#located();
    this.#collector.add({ code, message, hint, ...call?.source.mark(call.key(path)) });
  }
}

/** What a lambda looks like, by the field that it is given in. */
const examples: Readonly<Record<string, string>> = {
  logit: 'logit: ({ dot, params }) => Math.exp(params.logScale) * dot',
  'pairs.value': 'value: ({ logit, positive }) => softplus(positive ? -logit : logit)',
  'rows.counts': 'counts: ({ row, col }) => row.index !== col.index',
  'cols.counts': 'counts: ({ row, col }) => row.index !== col.index',
  'rows.value': 'value: ({ lse, positiveLogit }) => lse - positiveLogit',
  'cols.value': 'value: ({ lse, positiveLogit }) => lse - positiveLogit',
  'positives.column': 'column: ({ row, constants }) => row.index * constants.group',
  'positives.where': 'where: ({ row, col }) => row.label === col.label',
};

export function entry(record: unknown, name: string): unknown {
  return isRecord(record) ? record[name] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTensorList(list: readonly unknown[]): boolean {
  return list.length > 0 && list.every((tensor) => tensors.some((known) => known === tensor)) && new Set(list).size === list.length;
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z]\w*$/.test(name);
}

function spaced(text: string): string {
  return text === '' ? '' : `${text} `;
}
