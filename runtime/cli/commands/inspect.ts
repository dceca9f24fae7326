import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { estimate, printEstimate } from '../../../codegen/cost/index.js';
import type { BoundPlan } from '../../../codegen/plan/bind.js';
import { bindWithin } from '../../../codegen/plan/bind-within.js';
import type { SoftmaxMode } from '../../../codegen/plan/plan.js';
import { printBound, printPlan } from '../../../codegen/plan/print.js';
import { assertNever } from '../../../dsl/assert-never.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { Precision } from '../../../dsl/problem.js';
import { matrixShape, usesTensor } from '../../matrix-shape.js';
import { ptxOf, sassOf } from '../inspect/device-code.js';
import { printExpressions } from '../inspect/expressions.js';
import { originText, type TilingOrigin } from '../../tune/origin.js';
import { chooseFiles, chooseTarget, inspectProgram, joinFiles, type Inspected } from '../inspect/request.js';
import { tilingOn } from '../inspect/tiling.js';
import { interruptible } from '../interrupt.js';
import { loadLoss, loadTiling } from '../load-definition.js';
import { countOption, precisionOption, tilingOption } from '../options.js';
import type { Terminal } from '../terminal.js';
import { tellWarning } from '../warning.js';

const emissions = ['plan', 'source', 'ptx', 'sass', 'expression'] as const;

interface InspectFlags {
  readonly emit: (typeof emissions)[number];
  readonly target?: string;
  readonly dim: number;
  readonly precision: Precision;
  readonly tiling?: string;
  readonly softmax: SoftmaxMode;
  readonly n?: number;
  readonly m?: number;
  readonly file?: string;
}

export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .summary('show what a loss is compiled to')
    .description('Show what a loss is compiled to: its plan, its kernels, their machine code, its mathematics. No GPU is needed.')
    .argument('<loss>', 'a preset (clip, siglip, ntXent, ...), or an export of a file: losses.ts#mine')
    .addOption(new Option('--emit <what>', 'what to show').choices(emissions).default('plan'))
    .addOption(new Option('--target <name>', "cpu, cuda, or a target's own name, such as x86-64-v4 or sm_80 (default: cpu; for ptx and sass: cuda)"))
    .addOption(countOption('--dim <count>', 'numbers in an embedding').default(512))
    .addOption(precisionOption().default('f32'))
    .addOption(tilingOption())
    .addOption(new Option('--softmax <mode>', 'how exponentials are kept in range').choices(['bounded', 'running']).default('bounded'))
    .addOption(countOption('--n <rows>', 'with --emit plan: the sizes for this many queries'))
    .addOption(countOption('--m <rows>', 'and this many keys (default: as many)'))
    .option('--file <name>', 'with --emit source, ptx or sass: this file alone')
    .action((loss: string, flags: InspectFlags) => interruptible((signal) => inspect(loss, flags, terminal, signal)));
}

async function inspect(name: string, flags: InspectFlags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const loss = await loadLoss(name);
  const deviceCode = flags.emit === 'ptx' || flags.emit === 'sass';
  const target = chooseTarget(flags.target ?? (deviceCode ? 'cuda' : 'cpu'));
  const { dim, precision, softmax, n } = flags;
  const given = flags.tiling === undefined ? undefined : await loadTiling(flags.tiling);
  const { tiling, origin } = await tilingOn(target, { loss, dim, precision, ...(given === undefined ? {} : { given }), ...(n === undefined ? {} : { rows: n }) }, (warning) => tellWarning(warning, terminal));
  terminal.out(await emitted({ ...inspectProgram({ loss, dim, precision, tiling, softmax }, target), origin }, flags, signal));
}

async function emitted(inspected: Inspected & { readonly origin: TilingOrigin }, flags: InspectFlags, signal: AbortSignal): Promise<string> {
  const { target, program } = inspected;
  refuseUnusedFlags(flags);
  switch (flags.emit) {
    case 'plan':
      return [printPlan(program.plan), `configuration\n  ${inspected.origin}: ${originText[inspected.origin]}\n`, ...(flags.n === undefined ? [] : [printSized(inspected, flags.n, flags.m ?? flags.n)])].join('\n');
    case 'expression':
      return printExpressions(inspected);
    case 'source':
      return joinFiles(chooseFiles(inspected, flags.file));
    case 'ptx':
      return joinFiles(await ptxOf(target, chooseFiles(inspected, flags.file)));
    case 'sass':
      return joinFiles(await sassOf(target, chooseFiles(inspected, flags.file), signal));
    default:
      return assertNever(flags.emit);
  }
}

/** Bytes of everything, and what the walks are expected to take. */
function printSized(inspected: Inspected, n: number, m: number): string {
  const bound = sized(inspected, n, m);
  const machine = inspected.target.machine({ workers: bound.shape.workers });
  return `${printBound(bound)}\n${printEstimate(estimate(bound, machine), machine)}`;
}

function sized({ loss, target, program }: Inspected, n: number, m: number): BoundPlan {
  const shape = matrixShape(loss, { queries: n, keys: usesTensor(loss, 'keys') ? m : 0 });
  return bindWithin(program.plan, { ...shape, workers: target.multiprocessors ?? availableParallelism() }, target.defaultWorkspace);
}

function refuseUnusedFlags({ emit, n, m, file }: InspectFlags): void {
  const refuse = (flag: string, where: string): never => {
    throw new InfinitileError({ code: 'INF8004', message: `${flag} says nothing about --emit ${emit}`, hint: `it goes with ${where}` });
  };
  if (file !== undefined && (emit === 'plan' || emit === 'expression')) refuse('--file', '--emit source, ptx or sass');
  if (n !== undefined && emit !== 'plan') refuse('--n', '--emit plan');
  if (m !== undefined && (emit !== 'plan' || n === undefined)) refuse('--m', '--emit plan --n');
}
