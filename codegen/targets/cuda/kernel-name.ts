import type { KernelRole } from '../target.js';

export type KernelName = KernelRole | 'packQueries' | 'packKeys' | 'packGuideQueries' | 'packGuideKeys';
