import test from 'ava';
import { targets } from '../../codegen/targets/index.js';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import type { Target } from '../../codegen/targets/target.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { leastArchitecture, runsOn } from '../../runtime/device/capability.js';
import { cpuTarget, cudaTarget, deviceOf } from '../../runtime/device/choose-target.js';

const only90: Target = { ...sm80, name: 'only_90a', capability: { exactly: [9, 0] }, architecture: 'sm_90a' };
const known = [...targets.filter((target) => target.device === 'cpu' || target === sm80), only90];
const gpu = (computeMajor: number, computeMinor: number) => ({ name: 'Fake GPU', computeMajor, computeMinor });

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof InfinitileError) return error.diagnostics.map(({ code, message, hint = '' }) => `${code} ${message} | ${hint}`).join();
    throw error;
  }
  return 'nothing';
}

test('a target runs from a compute capability on, or on one alone', (t) => {
  const capabilities = [[7, 5], [8, 0], [8, 9], [9, 0], [10, 0], [12, 1]] as const;
  const running = (target: Target) => capabilities.filter(([major, minor]) => runsOn(target, gpu(major, minor))).map((each) => each.join('.'));
  t.deepEqual(running(sm80), ['8.0', '8.9', '9.0', '10.0', '12.1']);
  t.deepEqual(running({ ...sm80, capability: { least: [8, 9] } }), ['8.9', '9.0', '10.0', '12.1']);
  t.deepEqual(running(only90), ['9.0']);
  t.false(targets.some((target) => target.device === 'cpu' && runsOn(target, gpu(9, 0))));
});

test('cuda is the last target that the GPU runs', (t) => {
  t.is(cudaTarget('cuda', gpu(9, 0), known), only90);
  t.is(cudaTarget('cuda', gpu(8, 6), known), sm80);
  t.is(cudaTarget('cuda', gpu(10, 0), known), sm80);
  t.is(cudaTarget('sm_80', gpu(9, 0), known), sm80);
});

test('a target that the GPU does not run is refused with what it runs', (t) => {
  t.is(
    refusal(() => cudaTarget('only_90a', gpu(8, 6), known)),
    'INF7001 Fake GPU (compute capability 8.6) does not run only_90a (compute capability 9.0) | it runs sm_80; target cuda takes the last of them',
  );
  t.is(
    refusal(() => cudaTarget('cuda', gpu(7, 5), known)),
    'INF7001 no target runs on Fake GPU (compute capability 7.5) | there are sm_80 (compute capability 8.0 or later), only_90a (compute capability 9.0); kernels run on the CPU too (target cpu)',
  );
  t.is(
    refusal(() => cudaTarget('sm_80', gpu(7, 5), known)),
    'INF7001 Fake GPU (compute capability 7.5) does not run sm_80 (compute capability 8.0 or later) | it runs no target; kernels run on the CPU too (target cpu)',
  );
});

test('names mean a device before one is opened', (t) => {
  t.is(deviceOf('cuda', known), 'cuda');
  t.is(deviceOf('only_90a', known), 'cuda');
  t.is(deviceOf('x86-64-v3', known), 'cpu');
  t.regex(refusal(() => deviceOf('sm_8', known)), /^INF7001 there is no target 'sm_8' \| there are cpu, cuda, /);
});

test('a CPU target needs its features', (t) => {
  t.regex(refusal(() => cpuTarget('x86-64-v4', ['avx2'], known)), /^INF7001 this CPU does not run x86-64-v4: .* \| take target 'cpu'/);
  t.regex(refusal(() => cpuTarget('cpu', [], known)), /^INF7001 no CPU target runs on this machine \(\w+\) \| it needs one of: /);
});

test('code is compiled for the least architecture where no GPU is at hand', (t) => {
  t.is(leastArchitecture(sm80), 'sm_80');
  t.is(leastArchitecture(only90), 'sm_90a');
});
