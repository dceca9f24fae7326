import type { Expression } from '../expression/nodes.js';
import type { LambdaNode } from './source.js';

/** What a name in a lambda stands for. */
export type Binding =
  | { readonly kind: 'value'; readonly expression: Expression }
  /** The argument, and the records in it. */
  | { readonly kind: 'pair' }
  | { readonly kind: 'params' }
  | { readonly kind: 'constants' }
  | { readonly kind: 'functions' }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'side'; readonly side: 'row' | 'col' }
  | { readonly kind: 'helper'; readonly lambda: LambdaNode; readonly scope: Scope }
  /** Declared, with a mistake that has been told. */
  | { readonly kind: 'failed' };

export const failed: Binding = { kind: 'failed' };

export class Scope {
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, Binding>();

  constructor(parent?: Scope) {
    this.#parent = parent;
  }

  declare(name: string, binding: Binding): void {
    this.#names.set(name, binding);
  }

  find(name: string): Binding | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }
}
