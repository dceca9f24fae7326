import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { label, unlabel } from '../../runtime/transport/labelled.js';
import { openMpiAddon } from '../../runtime/transport/mpi-addon.js';

test('an addon for MPI that is missing or damaged is told with how to get it', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'infinitile-mpi-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const missing = t.throws(() => openMpiAddon(root), { instanceOf: InfinitileError, message: /INF7104 the addon for MPI has not been built: there is no .*infinitile_mpi\.node/ });
  t.regex(missing.message, /hint: .*apt install libopenmpi-dev openmpi-bin.*npm rebuild infinitile/);
  mkdirSync(join(root, 'build', 'Release'), { recursive: true });
  writeFileSync(join(root, 'build', 'Release', 'infinitile_mpi.node'), 'not an addon');
  t.throws(() => openMpiAddon(root), { instanceOf: InfinitileError, message: /INF7104 the addon for MPI cannot be loaded: / });
});

test('bytes come back under one label', (t) => {
  const given = [Uint8Array.of(1, 0, 2), new Uint8Array(), Uint8Array.of(0)];
  t.deepEqual(unlabel(given.map((bytes) => label('the number of rows', bytes))).map((bytes) => [...bytes]), given.map((bytes) => [...bytes]));
});

test('ranks that are not at the same gather are told', (t) => {
  const parts = (...whats: readonly string[]): Uint8Array[] => whats.map((what) => label(what, Uint8Array.of(7)));
  t.throws(() => unlabel(parts('rows', 'rows', 'columns')), { instanceOf: InfinitileError, message: /INF7102 rank 0 gathers rows, rank 2 columns/ });
  t.throws(() => unlabel(parts('rows', 'the end of the group')), { instanceOf: InfinitileError, message: /INF7101 rank 1 has left the group, and rows is waited for/ });
});
