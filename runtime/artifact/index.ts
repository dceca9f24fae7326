/** Artifacts: what compilers make of a program's sources, kept by content. */
export { artifactSpec, buildArtifacts, type ArtifactOrigin, type ArtifactSpec, type BuildOptions, type BuildProgress } from './artifact.js';
export { ArtifactCache, type Artifact, type CacheEntry, type CacheOptions } from './cache.js';
export { cacheDirectory, cacheVariable } from './cache-directory.js';
export type { CompileReport, CompileRequest, Compiler } from './compiler.js';
export { artifactKey, sha256, type KeyFacts } from './key.js';
export type { KernelReport, Manifest } from './manifest.js';
export { CompilationError } from './toolchain/errors.js';
export { HostCompiler, type HostCompilerOptions } from './toolchain/host-compiler.js';
export { NvrtcCompiler, type NvrtcCompilerOptions } from './toolchain/nvrtc-compiler.js';
export { PtxCompiler } from './toolchain/ptx-compiler.js';
