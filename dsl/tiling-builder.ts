import { captureCallSite, markCallee, type CallSite } from './diagnostics/call-site.js';
import { conclude } from './diagnostics/recording.js';
import { DiagnosticCollector, didYouMean, listNames, showValue, type Diagnostic, type DiagnosticCode, type Span } from './diagnostics/index.js';
import type { BlockLevel, ChunkLevel, InstructionLevel, LevelName, RegisterLevel, RingLevel, Tiling } from './tiling.js';

/** Writes a tiling level by level, outermost first. Any level may be left out: the target then chooses. */
export class TilingBuilder {
  readonly #levels: { readonly name: LevelName; readonly value: object; readonly site: () => CallSite | undefined }[] = [];

  readonly ring = (level: RingLevel = {}): this => this.#add('ring', level, this.ring);

  readonly chunk = (level: ChunkLevel): this => this.#add('chunk', level, this.chunk);

  readonly block = (level: BlockLevel): this => this.#add('block', level, this.block);

  readonly register = (level: RegisterLevel): this => this.#add('register', level, this.register);

  readonly instruction = (name: InstructionLevel['name']): this => this.#add('instruction', { name }, this.instruction);

  #add(name: LevelName, value: object, method: (...args: never[]) => unknown): this {
    this.#levels.push({ name, value, site: captureCallSite(method) });
    return this;
  }

  /** @throws {InfinitileError} with everything that is wrong with the tiling, whatever the target. */
  build(name: string, made: () => CallSite | undefined = () => undefined): Tiling {
    const collector = new DiagnosticCollector();
    const sites = new Map<LevelName, () => CallSite | undefined>();
    const tell = (level: LevelName, site: () => CallSite | undefined, code: DiagnosticCode, message: string, hint: string): void => {
      collector.add({ code, message, hint, ...markCallee(site(), level) });
    };
    if (!/^[A-Za-z][\w-]*$/.test(name)) {
      collector.add({ code: 'INF2001', message: `'${name}' cannot name a tiling`, hint: 'a letter, then letters, digits, `_` and `-`', ...markCallee(made(), tiling.name) });
    }
    let innermost = -1;
    for (const { name: level, value, site } of this.#levels) {
      const place = levelNames.indexOf(level);
      if (sites.has(level)) tell(level, site, 'INF3001', `level '${level}' is given twice in tiling '${name}'`, 'each level splits the one outside it, once');
      else if (place < innermost) tell(level, site, 'INF3002', `level '${level}' stands inside level '${levelNames[innermost] ?? ''}' in tiling '${name}'`, `outermost first: ${levelNames.join(', ')}`);
      innermost = Math.max(innermost, place);
      sites.set(level, site);
      for (const { code, message, hint } of checkLevel(level, value)) tell(level, site, code, message, hint);
    }
    const assembled = assemble(name, new Map(this.#levels.map((level) => [level.name, level.value])), sites);
    for (const { level, message, hint } of nesting(assembled)) tell(level, sites.get(level) ?? (() => undefined), 'INF3005', message, hint);
    conclude(collector, made);
    return assembled;
  }
}

/**
 * Declares how the iteration space is split, outermost level first.
 *
 *     tiling('narrow', (t) => t.chunk({ rows: 4096, cols: 16384 }).block({ rows: 128, cols: 128, depth: 64 }))
 *
 * @throws {InfinitileError} with every mistake, at the level where it was written.
 */
export function tiling(name: string, levels: (builder: TilingBuilder) => TilingBuilder = (builder) => builder): Tiling {
  const callSite = captureCallSite(tiling);
  const builder = new TilingBuilder();
  levels(builder);
  return builder.build(name, callSite);
}

export const levelNames: readonly LevelName[] = ['ring', 'chunk', 'block', 'register', 'instruction'];

/** Knobs of each level: all are positive integers. */
const knobs: Readonly<Record<Exclude<LevelName, 'instruction'>, { readonly required: readonly string[]; readonly optional: readonly string[] }>> = {
  ring: { required: [], optional: ['ranks', 'nodes', 'inFlight'] },
  chunk: { required: ['rows', 'cols'], optional: [] },
  block: { required: ['rows', 'cols', 'depth'], optional: ['stages', 'group', 'cluster'] },
  register: { required: ['rows', 'cols'], optional: [] },
};

/** Knobs of which one is not enough. */
const floors: Readonly<Record<string, { readonly least: number; readonly hint: string }>> = {
  inFlight: { least: 2, hint: 'a whole number from 2 is needed: one shard of keys is used while another arrives' },
};

/** Knobs that are one of a few words. */
const choices: Readonly<Partial<Record<LevelName, Readonly<Record<string, readonly string[]>>>>> = {
  ring: { circulate: ['keys'] },
  block: { panel: ['resident', 'split', 'streamed'] },
};

type Finding = Pick<Diagnostic, 'code' | 'message'> & { readonly hint: string };

function checkLevel(level: LevelName, value: object): readonly Finding[] {
  const entries = new Map<string, unknown>(Object.entries(value));
  if (level === 'instruction') return checkInstruction(entries.get('name'));
  const { required, optional } = knobs[level];
  const words = choices[level] ?? {};
  const known = [...required, ...optional, ...Object.keys(words)];
  return [
    ...required.filter((knob) => entries.get(knob) === undefined).map((knob): Finding => ({ code: 'INF3006', message: `level '${level}' lacks '${knob}'`, hint: `a ${level} has ${listNames(known)}` })),
    ...[...entries].flatMap(([knob, given]): readonly Finding[] => {
      if (!known.includes(knob)) {
        const near = didYouMean(knob, known);
        return [{ code: 'INF3004', message: `level '${level}' has no knob '${knob}'`, hint: `${near === '' ? '' : `${near} `}a ${level} has ${listNames(known)}` }];
      }
      const allowed = words[knob];
      if (allowed !== undefined) return given === undefined || allowed.some((word) => word === given) ? [] : [{ code: 'INF3003', message: `'${knob}' of level '${level}' is ${showValue(given)}`, hint: `it is ${allowed.map((word) => `'${word}'`).join(' or ')}` }];
      const { least, hint } = floors[knob] ?? { least: 1, hint: 'a positive integer is needed' };
      return given === undefined || (isCount(given) && given >= least) ? [] : [{ code: 'INF3003', message: `'${knob}' of level '${level}' is ${showValue(given)}`, hint }];
    }),
  ];
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function checkInstruction(name: unknown): readonly Finding[] {
  if (typeof name === 'string' && /^\w[\w.-]*$/.test(name)) return [];
  return [{ code: 'INF3007', message: `${showValue(name)} does not name an instruction`, hint: "such as 'mma.m16n8k16'; targets list theirs" }];
}

/** The levels in an object with the fields of {@link Tiling}; their spans are read from the stack when first asked for. */
function assemble(name: string, levels: ReadonlyMap<LevelName, object>, sites: ReadonlyMap<LevelName, () => CallSite | undefined>): Tiling {
  let spans: Partial<Record<LevelName, Span>> | undefined;
  const readSpans = (): Partial<Record<LevelName, Span>> =>
    Object.fromEntries([...sites].flatMap(([level, site]) => {
      const { span } = markCallee(site(), level);
      return span === undefined ? [] : [[level, span]];
    }));
  const made: Tiling = { kind: 'tiling', name, ...Object.fromEntries(levels) };
  // Not enumerable: a tiling is compared, hashed and printed by what it says, not by where it was written.
  return Object.defineProperty(made, 'spans', { get: () => (spans ??= readSpans()), enumerable: false });
}

function nesting({ chunk, block, register }: Tiling): readonly { readonly level: LevelName; readonly message: string; readonly hint: string }[] {
  const pairs = [
    { outer: 'chunk', inner: 'block', outside: chunk, inside: block },
    { outer: 'chunk', inner: 'register', outside: chunk, inside: register },
    { outer: 'block', inner: 'register', outside: block, inside: register },
  ] as const;
  return pairs.flatMap(({ outer, inner, outside, inside }) => {
    if (outside === undefined || inside === undefined) return [];
    return (['rows', 'cols'] as const)
      .filter((axis) => isCount(inside[axis]) && isCount(outside[axis]) && inside[axis] > outside[axis])
      .map((axis) => ({
        level: inner,
        message: `level '${inner}' has ${inside[axis]} ${axis}, more than the ${outside[axis]} of level '${outer}' that holds it`,
        hint: `at most ${outside[axis]} ${axis}, or a larger ${outer}`,
      }));
  });
}
