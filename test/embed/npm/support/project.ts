import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../../../codegen/emit/package-path.js';
import { compilerVersion } from '../../../../codegen/emit/header.js';
import type { Exported } from '../../../../runtime/export/exporter.js';
import { exportHosted } from '../../../../runtime/export/npm/hosted.js';
import { exportStandalone } from '../../../../runtime/export/npm/standalone.js';
import type { PackagedKernel, PackageOptions } from '../../../../runtime/index.js';
import { here, requestOf, type ExportedCase } from '../../support/exported-case.js';
import { run } from '../../support/run.js';
import { writeAll } from '../../support/folder.js';

/** With Infinitile's runtime beside it, or without. */
export const forms = { hosted: exportHosted, standalone: exportStandalone } as const;
export type Form = keyof typeof forms;

export function exportPackage(one: ExportedCase, form: Form, targets: readonly string[] = [here.name]): Promise<Exported> {
  return forms[form](requestOf(one, targets));
}

/** A project with the package installed from what `npm pack` makes of it: no network, and of a standalone package no Infinitile either. */
export async function installPackage(folder: string, { name, files }: Exported, form: Form): Promise<string> {
  const [exported, project] = [path.join(folder, 'exported'), path.join(folder, 'project')];
  await writeAll(exported, files);
  await mkdir(project, { recursive: true });
  const tarballs = [await pack(exported, folder), ...(form === 'hosted' ? [await packRuntime(folder)] : [])];
  await writeFile(path.join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], project);
  if (form === 'hosted') await symlink(packagePath('node_modules'), path.join(project, 'node_modules', 'infinitile', 'node_modules'));
  return path.join(project, 'node_modules', name);
}

/** What any package exports, as far as its loss does not matter. */
export interface AnyPackage {
  readonly open: (options?: PackageOptions) => Promise<Pick<PackagedKernel, 'target' | 'run' | 'close'>>;
}

export async function importPackage(installed: string): Promise<AnyPackage> {
  return (await import(pathToFileURL(path.join(installed, 'index.js')).href)) as AnyPackage;
}

/** The runtime under its name: the sources of this tree, which tsx loads. Its own dependencies are those of the tree. */
async function packRuntime(folder: string): Promise<string> {
  const runtime = path.join(folder, 'infinitile');
  await writeAll(runtime, new Map([
    ['package.json', JSON.stringify({ name: 'infinitile', version: compilerVersion, type: 'module', exports: './index.js' })],
    ['index.js', `export * from ${JSON.stringify(packagePath('runtime', 'index.ts'))};\n`],
  ]));
  return pack(runtime, folder);
}

async function pack(of: string, into: string): Promise<string> {
  const before = new Set(await readdir(into));
  await run('npm', ['pack', of, '--pack-destination', into], into);
  const tarball = (await readdir(into)).find((name) => name.endsWith('.tgz') && !before.has(name));
  if (tarball === undefined) throw new Error(`npm pack has made nothing of ${of}`);
  return path.join(into, tarball);
}
