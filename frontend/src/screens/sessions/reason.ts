/** Why a new password was refused, in words that say what to do. */
import { i18n } from '@/i18n';
import { ApiProblem } from '../review/api';

export function reason(error: unknown): string {
  const { t } = i18n.global;
  if (!(error instanceof ApiProblem)) throw error;
  if (error.code === 'bad_credentials') return t('sessions.wrong');
  const said = error.fields.map((field) => field.message).join(' ');
  if (error.code === 'invalid_fields') return t('sessions.unfit', { why: said });
  return error.detail || t('sessions.offline');
}
