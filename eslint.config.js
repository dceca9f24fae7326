import tseslint from 'typescript-eslint';

/** Imports go one way: dsl <- codegen <- runtime. Each folder names what it must not reach for. */
function layer(files, forbidden, allowTsMorph = false) {
  const patterns = forbidden.map((folder) => ({ group: [`**/${folder}/**`], message: `imports go one way: dsl <- codegen <- runtime` }));
  if (!allowTsMorph) patterns.push({ group: ['ts-morph'], message: 'only dsl/lambda and dsl/typecheck read TypeScript, and codegen/embed/npm writes its declarations' });
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'node_modules/', 'generated/', 'test/dsl/mistakes/', 'docs/examples/diagnostics/', '.gpu*/', '*.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'no-restricted-syntax': ['error', { selector: 'TSEnumDeclaration', message: 'use a union of literals' }],
      eqeqeq: 'error',
      'max-params': ['error', 7],
    },
  },
  layer(['dsl/**/*.ts'], ['codegen', 'runtime']),
  layer(['dsl/lambda/**/*.ts', 'dsl/typecheck/**/*.ts'], ['codegen', 'runtime'], true),
  layer(['codegen/**/*.ts'], ['runtime']),
  layer(['codegen/embed/npm/**/*.ts'], ['runtime'], true),
  layer(['runtime/**/*.ts'], []),
  {
    files: ['test/**/*.ts', 'examples/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
);
