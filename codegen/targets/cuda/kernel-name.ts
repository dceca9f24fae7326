import type { KernelRole } from '../target.js';

export type KernelName = KernelRole | 'results' | 'multiply' | 'packQueries' | 'packKeys' | 'packGuideQueries' | 'packGuideKeys';
