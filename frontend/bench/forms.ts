/**
 * The forms that are measured, written as XLSForms in Markdown: sections of ten questions of mixed types, in Chinese and
 * English, in which a first answer decides what is asked next and every number feeds a calculation and a running total.
 */

type Row = Partial<
  Record<
    'type' | 'name' | 'zh' | 'en' | 'hint' | 'required' | 'relevant' | 'constraint' | 'calculation',
    string
  >
>;

const COLUMNS = [
  'type',
  'name',
  'label::中文(zh)',
  'label::English(en)',
  'hint::中文(zh)',
  'hint::English(en)',
  'required',
  'relevant',
  'constraint',
  'calculation',
];

const CHOICES: [string, string, string, string][] = [
  ['yn', '1', '是', 'Yes'],
  ['yn', '0', '否', 'No'],
  ['water', 'tap', '自来水', 'Piped water'],
  ['water', 'well', '自家水井', 'Own well'],
  ['water', 'shared', '公用水井', 'Shared well'],
  ['water', 'tank', '水窖', 'Cistern'],
  ['water', 'other', '其他', 'Other'],
  ['trouble', 'cough', '咳嗽', 'Cough'],
  ['trouble', 'fever', '发热', 'Fever'],
  ['trouble', 'pain', '疼痛', 'Pain'],
  ['trouble', 'sleep', '睡不好', 'Poor sleep'],
  ['trouble', 'money', '费用困难', 'Costs'],
  ['trouble', 'none', '没有', 'None'],
];

const cells = (values: string[]): string => `| | ${values.join(' | ')} |`;

function surveyRow(row: Row): string {
  const { type = '', name = '', zh = '', en = '', hint = '' } = row;
  const { required = '', relevant = '', constraint = '', calculation = '' } = row;
  const english = hint && 'As the person says';
  const rules = [required, relevant, constraint, calculation];
  return cells([type, name, zh, en, hint, english, ...rules]);
}

function workbook(id: string, title: string, rows: Row[]): string {
  return [
    '| survey |',
    cells(COLUMNS),
    ...rows.map(surveyRow),
    '| choices |',
    cells(['list_name', 'name', 'label::中文(zh)', 'label::English(en)']),
    ...CHOICES.map((choice) => cells(choice)),
    '| settings |',
    cells(['form_title', 'form_id', 'version', 'default_language']),
    cells([title, id, '1', '中文(zh)']),
    '',
  ].join('\n');
}

/** One section: ten questions, of which three hang on the first answer (four where `more`), and a note of its sum. */
function section(s: number, more: boolean, total: boolean): Row[] {
  const first = `\${q${s}_any}='1'`;
  const hint = '按本人说的填写';
  const rows: Row[] = [
    { type: 'begin_group', name: `g${s}`, zh: `第${s}部分`, en: `Part ${s}` },
    {
      type: 'select_one yn',
      name: `q${s}_any`,
      zh: `${s}.1 最近有人生病吗？`,
      en: `${s}.1 Anybody ill lately?`,
    },
    {
      type: 'integer',
      name: `q${s}_n`,
      zh: '几个人？',
      en: 'How many?',
      required: 'yes',
      relevant: first,
      constraint: '. >= 0 and . <= 20',
    },
    { type: 'text', name: `q${s}_who`, zh: '是谁？', en: 'Who?', relevant: first },
    {
      type: 'select_multiple trouble',
      name: `q${s}_what`,
      zh: '有哪些不适？',
      en: 'What troubles them?',
      relevant: first,
    },
    {
      type: 'integer',
      name: `q${s}_adults`,
      zh: '家里有几个大人？',
      en: 'Adults at home?',
      hint,
      constraint: '. >= 0 and . <= 30',
    },
    {
      type: 'integer',
      name: `q${s}_kids`,
      zh: '有几个孩子？',
      en: 'Children?',
      hint,
      constraint: '. >= 0 and . <= 30',
      ...(more ? { relevant: `\${q${s}_adults} > 0` } : {}),
    },
    {
      type: 'select_one water',
      name: `q${s}_water`,
      zh: '喝什么水？',
      en: 'Where does the water come from?',
    },
    {
      type: 'decimal',
      name: `q${s}_size`,
      zh: '住房面积（平方米）',
      en: 'Size of the home in square metres',
      constraint: '. > 0 and . < 1000',
    },
    {
      type: 'date',
      name: `q${s}_since`,
      zh: '从哪天起住在这里？',
      en: 'Living here since?',
      constraint: '. <= today()',
    },
    { type: 'text', name: `q${s}_note`, zh: '还有什么要记下的？', en: 'Anything else?' },
    {
      type: 'calculate',
      name: `sum${s}`,
      calculation: `coalesce(\${q${s}_adults}, 0) + coalesce(\${q${s}_kids}, 0)`,
    },
  ];
  if (total) {
    const before = s > 1 ? `\${total${s - 1}} + ` : '';
    rows.push({ type: 'calculate', name: `total${s}`, calculation: `${before}\${sum${s}}` });
  }
  const shown = total ? `，累计\${total${s}}人` : '';
  const told = total ? `, \${total${s}} so far` : '';
  rows.push(
    {
      type: 'note',
      name: `told${s}`,
      zh: `家里共\${sum${s}}人${shown}`,
      en: `\${sum${s}} people${told}`,
    },
    { type: 'end_group' },
  );
  return rows;
}

/** `questions` is a multiple of ten. A third of them, and ten more of 300, are asked only after certain answers. */
export function survey(questions: number): string {
  const sections = questions / 10;
  const rows: Row[] = [];
  for (let s = 1; s <= sections; s += 1) {
    rows.push(...section(s, s % 3 === 0, s <= Math.ceil((sections * 2) / 3)));
  }
  return workbook(
    `bench_${questions}`,
    `住户调查（${questions}题） / Household survey, ${questions} questions`,
    rows,
  );
}

/** A household whose members are a repeat. */
export function members(): string {
  return workbook('bench_repeat', '家庭成员 / Household members', [
    { type: 'text', name: 'address', zh: '地址', en: 'Address' },
    { type: 'begin_repeat', name: 'member', zh: '成员', en: 'Member' },
    { type: 'text', name: 'm_name', zh: '姓名', en: 'Name' },
    { type: 'select_one yn', name: 'm_ill', zh: '最近生病了吗？', en: 'Ill lately?' },
    {
      type: 'select_multiple trouble',
      name: 'm_what',
      zh: '有哪些不适？',
      en: 'What is wrong?',
      relevant: `\${m_ill}='1'`,
    },
    { type: 'integer', name: 'm_age', zh: '年龄', en: 'Age', constraint: '. >= 0 and . <= 120' },
    {
      type: 'select_one yn',
      name: 'm_school',
      zh: '在上学吗？',
      en: 'At school?',
      relevant: `\${m_age} >= 6 and \${m_age} <= 18`,
    },
    { type: 'calculate', name: 'm_young', calculation: `if(\${m_age} < 14, 1, 0)` },
    { type: 'end_repeat' },
    { type: 'calculate', name: 'young', calculation: `sum(\${m_young})` },
    { type: 'note', name: 'told', zh: `未满14周岁的共\${young}人`, en: `\${young} are under 14` },
  ]);
}
