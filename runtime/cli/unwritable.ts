import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { isSystemError } from '../tensor/errors.js';

/** Why an output directory cannot be. */
export function unwritable(place: string, why: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF6007', message: `'${place}' cannot be written: ${why}`, hint });
}

/** What the operating system refuses, as such a mistake; any other error is given back as it is. */
export function refused(place: string, error: unknown, hint = 'choose a folder that exists, has room and may be written'): unknown {
  return isSystemError(error) ? unwritable(place, reasonOf(error), hint) : error;
}

/** 'ENOSPC: no space left on device', without the call and the path behind it. */
function reasonOf({ message, syscall = '' }: NodeJS.ErrnoException): string {
  const [reason = message] = message.split(`, ${syscall}`);
  return reason;
}
