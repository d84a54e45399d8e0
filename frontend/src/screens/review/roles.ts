/** Roles an administrator gives, and the scopes each can have; the server has the last word (fieldapp/accounts/access.py). */
const GRANTABLE: Record<string, readonly string[]> = {
  worker: ['health', 'housing'],
  nurse: ['health'],
  grid: ['housing'],
  assistant: ['housing'],
  area: ['housing'],
  head: ['housing'],
  town: ['health', 'housing'],
  district: ['health', 'housing'],
  steward: ['health', 'housing'],
  admin: [],
};

export const ROLES: readonly string[] = Object.keys(GRANTABLE);

export function scopesOf(role: string): readonly string[] {
  return GRANTABLE[role] ?? [];
}
