/** What a person chose for this phone: language, print size, workspace. Holds nothing about anybody visited. */
import { reactive, watch } from 'vue';
import type { Scope } from '@/protocol/types';

interface Settings {
  lang: 'zh-CN' | 'en';
  large: boolean;
  workspace: Scope | null;
  /** Village shown in lists; null: all of them. */
  village: string | null;
  /** Name that logged in last, offered when the session has ended. */
  username: string;
}

const KEY = 'fieldapp.settings';
const DEFAULTS: Settings = {
  lang: 'zh-CN',
  large: false,
  workspace: null,
  village: null,
  username: '',
};

function stored(): Partial<Settings> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Settings>;
  } catch {
    // A blocked or damaged store costs the choice, never the start.
    return {};
  }
}

export const settings: Settings = reactive({ ...DEFAULTS, ...stored() });

watch(settings, () => {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // The choice holds until the app is closed.
  }
});
