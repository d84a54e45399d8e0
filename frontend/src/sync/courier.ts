/** What sends while nobody has opened the phone. */
import type { SyncState } from '@/protocol/types';
import type { SendContext } from './context';
import { lockedContext, type Waiting } from './locked';
import { Loop, type LoopDeps } from './loop';
import { onHope } from './triggers';

/** Whoever has come to work unlocks first: then everything is synced, and a locked phone needn't. ms. */
const PATIENCE = 4_000;

export interface Courier {
  loop: Loop;
  waiting: Waiting;
  stop(): void;
}

export interface CourierDeps {
  deps: Pick<LoopDeps, 'locks' | 'random' | 'setTimer'> & {
    net: SendContext['net'];
    window: Parameters<typeof onHope>[0];
    document: Parameters<typeof onHope>[1];
  };
  device: SendContext['device'];
  isOver(): boolean;
  show(change: Partial<SyncState>): void;
  tell(what: Parameters<SendContext['changed']>[0]): void;
  reached(): Promise<void>;
  revoked(): Promise<void>;
  /** It has tried of itself to reach the server, without anybody opening the phone. */
  called(): Promise<void>;
}

/** It begins a few seconds later by itself: mostly somebody is about to unlock. user: whose phone it is. */
export function courierOf(waiting: Waiting, user: string, given: CourierDeps): Courier {
  const { deps, device, isOver, show, tell, reached, revoked, called } = given;
  const { net, locks, random, setTimer } = deps;
  const changed: SendContext['changed'] = async (what) => {
    await waiting.load();
    tell(what);
  };
  const rest = { net, device, stopped: isOver, report: show, changed, reached };
  const context = lockedContext(waiting, user, rest);
  const loop = new Loop({ context, locks, random, setTimer, show, revoked });
  const call = () => loop.trigger().then(called);
  const soon = setTimer(() => void call().catch(() => undefined), PATIENCE);
  const ears = onHope(deps.window, deps.document, () => void loop.trigger());
  const stop = () => {
    loop.stop();
    soon();
    ears();
  };
  return { loop, waiting, stop };
}
