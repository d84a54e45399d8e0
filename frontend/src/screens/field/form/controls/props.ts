/** What every control is given. It answers with the event `answer`, carrying the value as the form keeps it. */
import type { NodeView } from '@/protocol/types';

export interface ControlIds {
  control: string;
  label: string;
  /** Ids of hint and problem, for aria-describedby. */
  described: string | undefined;
}

export interface ControlProps {
  view: NodeView;
  ids: ControlIds;
}
