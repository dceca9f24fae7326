/** What `.npy` headers are written in. Tuples and lists are arrays, dictionaries maps. */
export type PythonLiteral = string | number | boolean | null | readonly PythonLiteral[] | ReadonlyMap<string, PythonLiteral>;

export function isDictionary(value: PythonLiteral | undefined): value is ReadonlyMap<string, PythonLiteral> {
  return value instanceof Map;
}

/** Deep enough for any dtype, and safe from a header that only nests. */
const deepest = 32;

/** The value of a Python literal, or undefined where the text is not one (of the kinds above). */
export function parsePythonLiteral(text: string): PythonLiteral | undefined {
  const tokens = tokenize(text);
  if (tokens === undefined) return undefined;
  const parser = new Parser(tokens);
  const value = parser.value(0);
  return parser.done() ? value : undefined;
}

function tokenize(text: string): readonly string[] | undefined {
  const pattern = /\s*(?:('[^'\\]*'|"[^"\\]*")|(-?\d+)L?|(True|False|None)|([{}()[\],:]))/y;
  const end = text.trimEnd().length;
  const tokens: string[] = [];
  while (pattern.lastIndex < end) {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    tokens.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  }
  return tokens;
}

class Parser {
  private position = 0;

  constructor(private readonly tokens: readonly string[]) {}

  done(): boolean {
    return this.position === this.tokens.length;
  }

  value(depth: number): PythonLiteral | undefined {
    const token = this.tokens[this.position];
    if (token === undefined || depth > deepest) return undefined;
    this.position += 1;
    if (token === '(') return this.sequence(')', depth);
    if (token === '[') return this.sequence(']', depth);
    if (token === '{') return this.dictionary(depth);
    if (token === 'True') return true;
    if (token === 'False') return false;
    if (token === 'None') return null;
    if (token.startsWith("'") || token.startsWith('"')) return token.slice(1, -1);
    return /^-?\d+$/.test(token) ? Number(token) : undefined;
  }

  private sequence(close: string, depth: number): PythonLiteral | undefined {
    const items: PythonLiteral[] = [];
    while (!this.take(close)) {
      const item = this.value(depth + 1);
      if (item === undefined || !this.separated(close)) return undefined;
      items.push(item);
    }
    return items;
  }

  private dictionary(depth: number): PythonLiteral | undefined {
    const entries = new Map<string, PythonLiteral>();
    while (!this.take('}')) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string' || !this.take(':')) return undefined;
      const item = this.value(depth + 1);
      if (item === undefined || !this.separated('}')) return undefined;
      entries.set(key, item);
    }
    return entries;
  }

  /** A comma, or the closing bracket next. */
  private separated(close: string): boolean {
    return this.take(',') || this.tokens[this.position] === close;
  }

  private take(token: string): boolean {
    if (this.tokens[this.position] !== token) return false;
    this.position += 1;
    return true;
  }
}
