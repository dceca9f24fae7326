import { z } from 'zod';

const kernelReport = z.object({
  kernel: z.string(),
  registers: z.number().int(),
  /** Bytes. */
  stack: z.number().int(),
  spillStores: z.number().int(),
  spillLoads: z.number().int(),
  /** Bytes of static shared memory. */
  shared: z.number().int(),
});

const manifestSchema = z.object({
  kind: z.literal('artifact'),
  loss: z.string(),
  target: z.string(),
  /** The source file, by the program's name for it. Its text lies beside the manifest. */
  file: z.string(),
  compiler: z.string(),
  flags: z.array(z.string()),
  /** ISO 8601. */
  created: z.string(),
  /** How long the compiler took. */
  milliseconds: z.number(),
  artifact: z.object({ name: z.string().regex(/^[^/\\]+$/), bytes: z.number().int().nonnegative(), sha256: z.string() }),
  kernels: z.array(kernelReport),
  log: z.string(),
});

/** What lies beside an artifact: where it is from, for people and for checks. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** What a compiler says of one GPU kernel. */
export type KernelReport = Readonly<z.infer<typeof kernelReport>>;

/** The manifest in a text, or what is wrong with it. */
export function parseManifest(text: string): { readonly manifest: Manifest } | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'manifest.json is not JSON' };
  }
  const result = manifestSchema.safeParse(json);
  if (result.success) return { manifest: result.data };
  const issue = result.error.issues[0];
  return { problem: `manifest.json: ${issue === undefined ? 'wrong' : `${issue.path.join('.')}: ${issue.message}`}` };
}

export function printManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
