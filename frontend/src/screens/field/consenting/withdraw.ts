/** Taking consent back. */
import { newId } from '@/crypto/bytes';
import { createSession } from '@/forms/session';
import { contentLang } from '@/i18n';
import type { Client, EntityView, Scope } from '@/protocol/types';
import { keepingOf } from '../consent';

/** Takes all consent back: an ordinary visit, written at once, with or without a network. */
export async function withdraw(client: Client, scope: Scope, person: EntityView): Promise<void> {
  const keeping = keepingOf(client.catalogue(), scope);
  if (!keeping) return;
  const def = await client.definition(keeping.form);
  const session = createSession(def, client.host(scope, def), {
    given: { ...keeping.withdraw, [keeping.person]: person.id },
    lang: contentLang(),
  });
  await client.finish({
    draftId: newId(),
    def,
    answers: session.finish(),
    touched: session.snapshot().touched,
    area: person.areas[0] ?? '',
    title: person.title,
  });
}
