/** What messages call an array whose memory may go while a thread of the device's reads or writes it. */
export const resizableArray = 'an array over a resizable ArrayBuffer';
export const useFixed = 'its memory may go while a run is at work: give a copy, array.slice()';

/** Whether an array lies in memory that `resize` can take from it. */
export function isResizable(value: unknown): boolean {
  return ArrayBuffer.isView(value) && 'resizable' in value.buffer && value.buffer.resizable === true;
}
