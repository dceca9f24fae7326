import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { register as registerTypeScript } from 'tsx/esm/api';

/** This package, whether it runs from its sources or from `dist/`. */
const fromSources = import.meta.url.endsWith('.ts');
const self = new URL(fromSources ? '../index.ts' : '../index.js', import.meta.url).href;

/** The file that has its types. */
export const packageTypes = fileURLToPath(new URL(fromSources ? '../index.ts' : '../index.d.ts', import.meta.url));

/**
 * Runs in the loader's thread, so it is a text of its own. `infinitile` is this very package, wherever the definition lies,
 * and TypeScript is always a module: in a folder whose package.json does not say so, tsx would make CommonJS of it, whose
 * stack traces do not lead back to the source. tsx marks such files with a query after the file's name; it goes.
 */
const hooks = `
  const typescript = /^(file:(?!.*\\/node_modules\\/).*?\\.m?tsx?)(?:%3F|\\?|$)/;
  export async function resolve(specifier, context, next) {
    if (specifier === 'infinitile') return { url: ${JSON.stringify(self)}, format: 'module', shortCircuit: true };
    const resolved = await next(specifier, context);
    const [, url] = typescript.exec(resolved.url) ?? [];
    return url === undefined || resolved.format === 'module' ? resolved : { ...resolved, url, format: 'module' };
  }
`;

let installed = false;

/** Makes `import()` take TypeScript, and `infinitile` from any folder. */
export function installDefinitionHooks(): void {
  if (installed) return;
  installed = true;
  process.setSourceMapsEnabled(true);
  registerTypeScript();
  // Registered last, asked first.
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}
