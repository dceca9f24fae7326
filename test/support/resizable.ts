/** Memory for an array that can be resized: the library of ES2023 has no type for it. */
export function resizableBuffer(bytes: number): ArrayBuffer {
  return Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: 2 * bytes }]) as ArrayBuffer;
}
