import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Handlebars from 'handlebars';
import { packagePath } from './package-path.js';

/**
 * The one template renderer: no HTML escaping, and a field that the context lacks is an error. Partials are the files
 * `_name.hbs` of the template's folder, and of the one it builds on if there is one, referred to as `{{> name}}`.
 */
export function render(folder: string, template: string, context: object, builtOn?: string): string {
  return environment(folder, true, builtOn).template(template)(context);
}

/** The same for a page of HTML: `{{field}}` is escaped. `{{{field}}}` is not, and is for markup that was made here. */
export function renderHtml(folder: string, template: string, context: object): string {
  return environment(folder, false).template(template)(context);
}

interface TemplateFolder {
  template(name: string): (context: object) => string;
}

const folders = new Map<string, TemplateFolder>();

function environment(folder: string, noEscape: boolean, builtOn?: string): TemplateFolder {
  const key = JSON.stringify([folder, noEscape, builtOn]);
  const known = folders.get(key);
  if (known !== undefined) return known;
  const handlebars = Handlebars.create();
  const directory = packagePath('templates', folder);
  for (const source of [builtOn, folder]) if (source !== undefined) registerPartials(handlebars, packagePath('templates', source));
  const compiled = new Map<string, (context: object) => string>();
  const made: TemplateFolder = {
    template(name) {
      const cached = compiled.get(name);
      if (cached !== undefined) return cached;
      const text = readFileSync(path.join(directory, `${name}.hbs`), 'utf8');
      const delegate = handlebars.compile<object>(text, { noEscape, strict: true });
      compiled.set(name, delegate);
      return delegate;
    },
  };
  folders.set(key, made);
  return made;
}

function registerPartials(handlebars: typeof Handlebars, directory: string): void {
  for (const file of readdirSync(directory)) {
    const partial = /^_(.+)\.hbs$/.exec(file)?.[1];
    if (partial !== undefined) handlebars.registerPartial(partial, readFileSync(path.join(directory, file), 'utf8'));
  }
}
