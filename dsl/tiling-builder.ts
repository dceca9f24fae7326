import { isChoice, type Choice, type KnobValue } from './choice.js';
import { captureCallSite, markCallee, type CallSite } from './diagnostics/call-site.js';
import { conclude } from './diagnostics/recording.js';
import { DiagnosticCollector, didYouMean, listNames, type DiagnosticCode, type Span } from './diagnostics/index.js';
import { checkKnobs, levelNames, nestingMistakes, passNames } from './tiling-checks.js';
import type { BlockLevel, ChunkLevel, InstructionLevel, KnobPlace, LevelName, OpenKnob, PassLevel, PassName, RegisterLevel, RingLevel, Tiling, Written } from './tiling.js';

/** A level as it was written, or the block of a pass. */
interface Entry {
  readonly place: KnobPlace;
  /** The level that it stands at: a pass's is the block. */
  readonly level: LevelName;
  /** By knob, the values that it was given: one, or those of a choice. */
  readonly values: ReadonlyMap<string, readonly unknown[]>;
  readonly open: readonly string[];
  readonly site: () => CallSite | undefined;
}

/** Writes a tiling level by level, outermost first. Any level may be left out: the target then chooses. So may any knob be left open, by `oneOf` and `range`: then the tuner does. */
export class TilingBuilder {
  readonly #entries: Entry[] = [];

  readonly ring = (level: Written<RingLevel> = {}): this => this.#add('ring', level, this.ring);

  readonly chunk = (level: Written<ChunkLevel>): this => this.#add('chunk', level, this.chunk);

  readonly block = (level: Written<BlockLevel>): this => this.#add('block', level, this.block);

  /** The block of one pass, on targets whose passes have blocks of their own. */
  readonly pass = (name: PassName, level: Written<PassLevel>): this => this.#add('block', level, this.pass, name);

  readonly register = (level: Written<RegisterLevel>): this => this.#add('register', level, this.register);

  readonly instruction = (name: InstructionLevel['name'] | Choice<string>): this => this.#add('instruction', { name }, this.instruction);

  #add(level: LevelName, value: object, method: (...args: never[]) => unknown, place: KnobPlace = level): this {
    const given = Object.entries(value).filter(([, knob]) => knob !== undefined);
    const open = given.filter(([, knob]) => isChoice(knob)).map(([knob]) => knob);
    const values = new Map(given.map(([knob, of]): readonly [string, readonly unknown[]] => [knob, isChoice(of) ? of.values : [of]]));
    this.#entries.push({ place, level, values, open, site: captureCallSite(method) });
    return this;
  }

  /** @throws {InfinitileError} with everything that is wrong with the tiling, whatever the target. */
  build(name: string, made: () => CallSite | undefined = () => undefined): Tiling {
    const collector = new DiagnosticCollector();
    const tell = ({ place, level, site }: Pick<Entry, 'place' | 'level' | 'site'>, code: DiagnosticCode, message: string, hint: string): void => {
      collector.add({ code, message, hint, ...markCallee(site(), place === level ? level : 'pass') });
    };
    if (!/^[A-Za-z][\w-]*$/.test(name)) {
      collector.add({ code: 'INF2001', message: `'${name}' cannot name a tiling`, hint: 'a letter, then letters, digits, `_` and `-`', ...markCallee(made(), tiling.name) });
    }
    const placed = new Map<KnobPlace, Entry>();
    let innermost = -1;
    for (const entry of this.#entries) {
      const { place, level, values } = entry;
      const at = levelNames.indexOf(level);
      if (place !== level && !passNames.some((pass) => pass === place)) {
        tell(entry, 'INF3004', `there is no pass '${place}'`, `${didYouMean(place, passNames)} passes are ${listNames(passNames)}`.trim());
        continue;
      }
      if (placed.has(place)) tell(entry, 'INF3001', `level '${place}' is given twice in tiling '${name}'`, 'each level splits the one outside it, once');
      else if (at < innermost) tell(entry, 'INF3002', `level '${place}' stands inside level '${levelNames[innermost] ?? ''}' in tiling '${name}'`, `outermost first: ${levelNames.join(', ')}`);
      innermost = Math.max(innermost, at);
      placed.set(place, entry);
      for (const { code, message, hint } of checkKnobs(place, values)) tell(entry, code, message, hint);
    }
    const assembled = assemble(name, [...placed.values()]);
    for (const { level, message, hint } of nestingMistakes(assembled)) tell(placed.get(level) ?? { place: level, level, site: () => undefined }, 'INF3005', message, hint);
    conclude(collector, made);
    return assembled;
  }
}

/**
 * Declares how the iteration space is split, outermost level first.
 *
 *     tiling('narrow', (t) => t.chunk({ rows: 4096, cols: 16384 }).block({ rows: oneOf(64, 128), cols: 128, depth: 64 }))
 *
 * @throws {InfinitileError} with every mistake, at the level where it was written.
 */
export function tiling(name: string, levels: (builder: TilingBuilder) => TilingBuilder = (builder) => builder): Tiling {
  const callSite = captureCallSite(tiling);
  const builder = new TilingBuilder();
  levels(builder);
  return builder.build(name, callSite);
}

/** The levels in an object with the fields of {@link Tiling}; their spans are read from the stack when first asked for. */
function assemble(name: string, entries: readonly Entry[]): Tiling {
  let spans: Partial<Record<KnobPlace, Span>> | undefined;
  const readSpans = (): Partial<Record<KnobPlace, Span>> =>
    Object.fromEntries(entries.flatMap(({ place, level, site }) => {
      const { span } = markCallee(site(), place === level ? level : 'pass');
      return span === undefined ? [] : [[place, span]];
    }));
  const firstValues = (of: readonly Entry[]): object => Object.fromEntries(of.map(({ place, values }) => [place, Object.fromEntries([...values].map(([knob, [first]]) => [knob, first]))]));
  const passes = entries.filter(({ place, level }) => place !== level);
  const open = entries.flatMap(({ place, open: knobs, values }) => knobs.map((knob): OpenKnob => ({ level: place, knob, values: (values.get(knob) ?? []).filter(isKnobValue) })));
  const made: Tiling = {
    kind: 'tiling',
    name,
    ...firstValues(entries.filter((entry) => !passes.includes(entry))),
    ...(passes.length === 0 ? {} : { passes: firstValues(passes) }),
    ...(open.length === 0 ? {} : { open }),
  };
  // Not enumerable: a tiling is compared, hashed and printed by what it says, not by where it was written.
  return Object.defineProperty(made, 'spans', { get: () => (spans ??= readSpans()), enumerable: false });
}

function isKnobValue(value: unknown): value is KnobValue {
  return typeof value === 'number' || typeof value === 'string';
}
