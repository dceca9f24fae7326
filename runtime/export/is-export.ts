import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Of a library and of an npm package; a PyTorch package has its library's. */
const manifests = ['manifest.json', path.join('native', 'manifest.json')] as const;

const schema = z.object({ kind: z.enum(['library', 'npm package']), exportedBy: z.string().startsWith('infinitile ') });

/** Whether an export has written a folder: its manifest says so. */
export async function isExport(folder: string): Promise<boolean> {
  const found = await Promise.all(manifests.map((name) => isManifest(path.join(folder, name))));
  return found.includes(true);
}

async function isManifest(file: string): Promise<boolean> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, 'utf8'))).success;
  } catch {
    return false;
  }
}
