import test from 'ava';
import type { NativeAddon } from '../../runtime/addon.js';
import { cpuLevel, parseFeatures } from '../../runtime/device/cpu.js';
import { detect } from '../../runtime/device/detect.js';

const v2 = 'cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3';
const v3 = `${v2} abm avx avx2 bmi1 bmi2 f16c fma movbe`;
const v4 = `${v3} avx512f avx512bw avx512cd avx512dq avx512vl`;

test('the level of a CPU is the highest that it has in full', (t) => {
  const level = (features: string, architecture = 'x64'): string | undefined => cpuLevel(architecture, features.split(' ').filter(Boolean));
  t.is(level('fpu'), 'x86-64');
  t.is(level(v2), 'x86-64-v2');
  t.is(level(v3), 'x86-64-v3');
  t.is(level(v4), 'x86-64-v4');
  t.is(level(v4.replace(' avx512vl', '')), 'x86-64-v3');
  t.is(level(v4.replace(' movbe', '')), 'x86-64-v2');
  t.is(level(''), undefined);
  t.is(level('fp asimd', 'arm64'), 'armv8');
  t.is(level('x', 'riscv64'), undefined);
});

test('features are read from the text of /proc/cpuinfo', (t) => {
  t.deepEqual(parseFeatures('processor\t: 0\nflags\t\t: fpu avx2\nvmx flags\t: x\n\nprocessor\t: 1\nflags\t\t: other\n'), ['fpu', 'avx2']);
  t.deepEqual(parseFeatures('processor\t: 0\nFeatures\t: fp asimd\n'), ['fp', 'asimd']);
  t.deepEqual(parseFeatures('flags\t\t:\nmodel : x\n'), []);
  t.deepEqual(parseFeatures(''), []);
});

test('detection tells of everything, found or not', async (t) => {
  const machine = await detect();
  t.true(machine.cpu.cores >= 1);
  t.true(machine.cpu.memoryBytes > 0);
  t.true(machine.addon.found);
  for (const finding of [machine.cuda, machine.nvrtc]) {
    if (finding.found) continue;
    t.not(finding.reason, '');
    t.not(finding.remedy, '');
  }
});

test('detection without the addon tells why, and still of the CPU', async (t) => {
  const machine = await detect({}, () => {
    throw new Error('no addon today');
  });
  t.deepEqual(machine.addon, { found: false, reason: 'no addon today', remedy: '' });
  t.false(machine.cuda.found || machine.nvrtc.found);
  t.true(machine.cpu.cores >= 1);
});

test('a driver without a GPU and an NVRTC without builtins are not found', async (t) => {
  const fake: Partial<NativeAddon> = {
    version: '1',
    openCuda: () => ({ path: '/lib/libcuda.so.1', driverVersion: 12040, devices: [] }),
    openNvrtc: () => ({ path: '/lib/libnvrtc.so.12', builtins: null, major: 12, minor: 4 }),
    compileCuda: () => Promise.reject(new Error('no builtins')),
  };
  const { cuda, nvrtc } = await detect({}, () => fake as NativeAddon);
  if (cuda.found || nvrtc.found) return t.fail();
  t.regex(cuda.reason, /libcuda\.so\.1\) lists no GPU/);
  t.regex(nvrtc.reason, /NVRTC 12\.4 .* its builtins are not/);
  t.regex(nvrtc.remedy, /libnvrtc-builtins\.so\.12\.4/);
});
