import { assertNever } from '../../../dsl/assert-never.js';
import { elementBytes, type Arg, type Element, type Launch, type Plan, type Step } from '../../plan/plan.js';
import { plus, type Extent } from '../../plan/extent.js';
import { inLoop, writeExtent, type Scope } from './extents.js';
import { identifierOf, snakeCase } from './names.js';

/** Writes the steps of a plan as the body of a C function; see `run.h` for the macros. */
export class WalkWriter {
  readonly #kernels: ReadonlyMap<string, Plan['kernels'][number]>;
  readonly #elements: ReadonlyMap<string, Element>;
  readonly #prefix: string;
  readonly #scope: Scope;
  #maps = 0;

  /** `prefix`: of the names of the plan's kernels. `scope`: what the walks are over. */
  constructor(plan: Plan, prefix: string, scope: Scope) {
    this.#kernels = new Map(plan.kernels.map((kernel) => [kernel.name, kernel]));
    this.#elements = new Map(plan.buffers.map(({ name, element }) => [name, element]));
    this.#prefix = prefix;
    this.#scope = scope;
  }

  lines(steps: readonly Step[]): readonly string[] {
    const lines = this.#steps(steps, this.#scope);
    return lines.some((line) => line.includes('s->')) ? lines : ['(void)s;', ...lines];
  }

  #steps(steps: readonly Step[], scope: Scope): readonly string[] {
    return steps.flatMap((step) => this.#step(step, scope));
  }

  #step(step: Step, scope: Scope): readonly string[] {
    switch (step.kind) {
      case 'for':
        return this.#loop(step, scope);
      case 'launch':
        return this.#launch(step, scope);
      case 'fill':
        return [`FILL(${bufferName(step.buffer)}, 0x${step.pattern.toString(16).padStart(8, '0')}u);`];
      case 'guard':
        // The flags come home with the other readings, after the walk.
        return [];
      default:
        return assertNever(step);
    }
  }

  #loop({ axis, body }: Extract<Step, { kind: 'for' }>, scope: Scope): readonly string[] {
    const [first, count, piece] = axis === 'rows' ? (['row0', 'rows', 's->chunk_rows'] as const) : (['col0', 'cols', 's->chunk_cols'] as const);
    const text = (extent: Extent): string => writeExtent(extent, scope);
    const end = text(plus(first, count)).replace(/^\((.*)\)$/, '$1');
    return [
      `for (int64_t ${first} = ${text(first)}; ${first} < ${end}; ${first} += ${piece}) {`,
      `  const int64_t ${count} = least(${piece}, ${end} - ${first});`,
      ...this.#steps(body, inLoop(axis, scope)).map((line) => `  ${line}`),
      '}',
    ];
  }

  #launch({ kernel: name, args }: Launch, scope: Scope): readonly string[] {
    const kernel = this.#kernels.get(name);
    if (kernel === undefined) throw new Error(`the plan launches '${name}', which it does not declare`);
    const maps: string[] = [];
    const values = args.map((arg) => (arg.kind === 'tensorMap' ? this.#map(arg, scope, maps) : this.#value(arg, scope)));
    return [...maps, ...wrapped('LAUNCH(', [`${this.#prefix}${snakeCase(name)}`, writeExtent(kernel.grid, scope), ...values], ');')];
  }

  #value(arg: Exclude<Arg, { kind: 'tensorMap' }>, scope: Scope): string {
    switch (arg.kind) {
      case 'buffer':
        return `AT(${bufferName(arg.buffer)}, ${this.#bytes(arg, scope)})`;
      case 'null':
        return 'NOTHING';
      case 'extent':
        return `INT(${writeExtent(arg.value, scope)})`;
      case 'scalar':
        return `SCALAR(${snakeCase(arg.name)})`;
      case 'uniforms':
        return 'UNIFORMS';
      default:
        return assertNever(arg);
    }
  }

  /** A statement of its own for each map, which the argument names. */
  #map(arg: Extract<Arg, { kind: 'tensorMap' }>, scope: Scope, statements: string[]): string {
    const name = `tiles_${this.#maps++}`;
    const { rows, cols, planes, pitch, planePitch, boxRows, boxCols } = arg.map;
    const sizes = [rows, cols, planes, pitch, planePitch, boxRows, boxCols].map((size) => writeExtent(size, scope));
    statements.push(`TILES(${name}, ${bufferName(arg.buffer)}, ${this.#bytes(arg, scope)}, ${sizes.join(', ')});`);
    return `&${name}`;
  }

  #bytes({ buffer, offset }: Extract<Arg, { kind: 'buffer' | 'tensorMap' }>, scope: Scope): string {
    const elements = writeExtent(offset, scope);
    const element = this.#elements.get(buffer);
    if (element === undefined) throw new Error(`the plan names buffer '${buffer}', which it does not declare`);
    return elements === '0' ? '0' : `${elementBytes[element]} * ${elements}`;
  }
}

/** A call whose arguments fill as many lines as they need. */
function wrapped(before: string, words: readonly string[], after: string): readonly string[] {
  const lines: string[] = [];
  let line = before;
  words.forEach((word, i) => {
    const text = `${word}${i === words.length - 1 ? after : ','}`;
    if (line.length + text.length > lineLength) {
      lines.push(line.trimEnd());
      line = '    ';
    }
    line += `${text} `;
  });
  return [...lines, line.trimEnd()];
}

const lineLength = 130;

/** A buffer's number. */
export function bufferName(buffer: string): string {
  return `buffer_${identifierOf(buffer)}`;
}
