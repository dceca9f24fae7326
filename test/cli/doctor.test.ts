import test from 'ava';
import { z } from 'zod';
import { cli, temporaryFolder } from './support.js';

const finding = <T extends z.ZodRawShape>(shape: T) => z.union([z.object({ found: z.literal(true), ...shape }), z.strictObject({ found: z.literal(false), reason: z.string(), remedy: z.string() })]);

const doctorSchema = z.strictObject({
  system: z.string(),
  node: z.string(),
  cpu: z.strictObject({ model: z.string(), cores: z.number(), memoryBytes: z.number(), level: z.string().nullable(), extras: z.array(z.string()), target: z.string().nullable() }),
  compiler: finding({ command: z.string(), version: z.string() }),
  addon: finding({ version: z.string() }),
  cuda: finding({ path: z.string(), driverVersion: z.number(), devices: z.array(z.object({ name: z.string() })) }),
  nvrtc: finding({ path: z.string(), major: z.number(), minor: z.number() }),
  cache: finding({ directory: z.string(), entries: z.number(), bytes: z.number() }),
  python: finding({ program: z.string(), torch: z.string() }),
});

test.serial('doctor never fails, and says how to get what is missing', async (t) => {
  const { code, stdout, stderr } = await cli('doctor', '--json');
  t.is(code, 0);
  t.is(stderr, '');
  const findings = doctorSchema.parse(JSON.parse(stdout));
  t.true(findings.compiler.found, 'the tests need a compiler');
  t.true(findings.addon.found, 'and the addon');
  t.regex((await cli('doctor')).stdout, /^compiler +\S/m);
});

test.serial('a machine without compiler, NVRTC and Python', async (t) => {
  const { PATH: path } = process.env;
  process.env['PATH'] = '/nowhere';
  try {
    const { code, stdout } = await cli('doctor');
    t.is(code, 0);
    t.regex(stdout, /^compiler +missing: no C\+\+ compiler was found[^]*apt install g\+\+/m);
    t.regex(stdout, /^pytorch +missing: python3 is not on PATH/m);
  } finally {
    process.env['PATH'] = path;
  }
});

test.serial('the cache is listed and cleared', async (t) => {
  const { INFINITILE_CACHE_DIR: chosen } = process.env;
  const folder = await temporaryFolder(t);
  process.env['INFINITILE_CACHE_DIR'] = folder;
  try {
    t.is((await cli('cache', 'list')).stdout, `0 kernel files, 0 B, in ${folder}\n`);
    t.is((await cli('bench', '--n', '8', '--dim', '4', '--repeat', '1')).code, 0);
    const { entries, bytes } = z.object({ entries: z.array(z.object({ loss: z.string(), file: z.string() })), bytes: z.number() }).parse(JSON.parse((await cli('cache', 'list', '--json')).stdout));
    t.true(entries.length > 0 && bytes > 0);
    t.regex((await cli('cache', 'list')).stdout, /^\w{12} +clip +\S+ +stats\.cpp /m);
    t.deepEqual(JSON.parse((await cli('cache', 'clear', '--json')).stdout), { directory: folder, entries: entries.length, tuned: 0, bytes });
    t.regex((await cli('cache', 'clear')).stdout, /^removed 0 kernel files/);
  } finally {
    if (chosen === undefined) delete process.env['INFINITILE_CACHE_DIR'];
    else process.env['INFINITILE_CACHE_DIR'] = chosen;
  }
});
