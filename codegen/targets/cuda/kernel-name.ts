import type { KernelRole } from '../target.js';

export type KernelName = KernelRole | 'results' | 'packQueries' | 'packKeys' | 'packGuideQueries' | 'packGuideKeys';
