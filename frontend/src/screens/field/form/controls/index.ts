/** The component for each kind of control; a note has none, its label is all. */
import type { Component } from 'vue';
import BarcodeControl from './BarcodeControl.vue';
import {
  BearingControl,
  DrawingControl,
  FileControl,
  PhotoControl,
  SoundControl,
  TraceControl,
} from './capture';
import GeopointControl from './GeopointControl.vue';
import type { ControlKind } from './kinds';
import LabelsControl from './LabelsControl.vue';
import ManyControl from './ManyControl.vue';
import MomentControl from './MomentControl.vue';
import NumberControl from './NumberControl.vue';
import OneControl from './OneControl.vue';
import PickControl from './PickControl.vue';
import RangeControl from './RangeControl.vue';
import RankControl from './RankControl.vue';
import TextControl from './TextControl.vue';
import TriggerControl from './TriggerControl.vue';

const CONTROLS: Partial<Record<ControlKind, Component>> = {
  text: TextControl,
  number: NumberControl,
  date: MomentControl,
  time: MomentControl,
  dateTime: MomentControl,
  geopoint: GeopointControl,
  barcode: BarcodeControl,
  labels: LabelsControl,
  one: OneControl,
  many: ManyControl,
  pick: PickControl,
  range: RangeControl,
  rating: RangeControl,
  trigger: TriggerControl,
  rank: RankControl,
  trace: TraceControl,
  bearing: BearingControl,
  photo: PhotoControl,
  drawing: DrawingControl,
  sound: SoundControl,
  file: FileControl,
};

export function controlFor(kind: ControlKind): Component | undefined {
  return CONTROLS[kind];
}
