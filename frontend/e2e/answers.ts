/** Answers of the stories, by question path, in the order of the forms. The people don't exist. */

type Given = Record<string, string>;

/** A day relative to today on the phone's calendar, YYYY-MM-DD. */
export function day(offset: number): string {
  const moment = new Date(Date.now() + 8 * 3_600_000 + offset * 86_400_000);
  return moment.toISOString().slice(0, 10);
}

export function consent(name: string, phone: string): Given {
  return {
    'g_start/known': '0',
    'g_start/lang_ok': '1',
    'g_consent/age14': '1',
    'g_consent/c_preg': '1',
    'g_consent/c_contra': '1',
    'g_consent/c_share': '0',
    'g_consent/c_msg': '1',
    'g_consent/c_method': 'sign',
    'g_consent/c_copy': '1',
    'g_person/n_name': name,
    'g_person/n_sex': '2',
    'g_person/n_dob': '1997-03-18',
    'g_person/n_phone': phone,
    'g_person/n_area': '柳林村',
  };
}

export function firstPregnancyVisit(client: string): Given {
  return {
    'g_visit/visit_mode': 'home',
    'g_visit/person_id': client,
    'g_visit/contact_result': 'met',
    'g_visit/still_ok': '1',
    'g_visit/private_ok': '1',
    'g_preg/g_new/confirmed_by': 'clinic',
    'g_preg/g_book/book_has': '1',
    'g_preg/g_book/book_date': day(-20),
    'g_preg/g_dating/edd_source': 'lmp',
    'g_preg/g_dating/lmp': day(-100),
    'g_preg/g_ga/status': 'on',
    'g_preg/g_anc/anc_slots': '1',
    'g_preg/g_anc/anc_total': '1',
    'g_preg/g_anc/anc_barrier': 'far time',
    'g_preg/g_anc/danger_p': 'none',
    'g_preg/g_talk/talk_nurse': '0',
    'g_preg/g_next/contact_pref': 'monthly',
    'g_preg/g_next/next_contact': day(30),
  };
}

export function contraceptionVisit(client: string): Given {
  return {
    'g_visit/visit_mode': 'home',
    'g_visit/person_id': client,
    'g_visit/contact_result': 'met',
    'g_visit/still_ok': '1',
    'g_visit/private_ok': '1',
    'g_c/g_method/why_today': 'want',
    'g_c/g_method/method': 'none',
    'g_c/g_offer/supplies': 'book',
    'g_c/g_offer/follow_ok': '1',
    'g_c/g_offer/next_contact': day(60),
  };
}

export function rentedFlat(unit: string, residents: string[]): Given {
  return {
    'g_visit/vsrc': 'self',
    'g_visit/met': 'met',
    'g_visit/enter_ok': '1',
    'g_dw/g_place/dw_known': '0',
    'g_dw/g_place/area_code': '柳林村',
    'g_dw/g_place/grid': '第三网格',
    'g_dw/g_place/unit_no': unit,
    'g_dw/g_place/address': '柳林路88号',
    'g_dw/g_place/structure': 'mix',
    'g_dw/g_let/rooms_total': '4',
    'g_dw/g_let/rooms_let': '3',
    'g_dw/g_let/area_m2': '92',
    'g_dw/g_let/mode_let': 'share',
    'g_dw/g_let/lessor': '林秀英',
    'g_dw/g_let/lessor_phone': '13900001111',
    'g_dw/g_let/occ_n': String(residents.length),
    'g_dw/g_safe/hazards': 'ebike wire',
    'g_dw/g_safe/alarm': '0',
    'g_dw/g_safe/exting': '1',
    'g_dw/g_safe/fuel': 'bottle',
    'g_dw/g_safe/gas_alarm': '0',
    'g_dw/g_safe/safe_told': '1',
    ...Object.assign({}, ...residents.map((name, i) => resident(i, name))),
  };
}

function resident(position: number, name: string): Given {
  const at = `residents[${position}]`;
  return {
    [`${at}/r_consent`]: '1',
    [`${at}/r_known`]: '0',
    [`${at}/r_name`]: name,
    [`${at}/r_sex`]: '1',
    [`${at}/r_dob`]: `1990-05-0${position + 1}`,
    ...identity(at, position),
    [`${at}/r_home`]: '河南省示例县',
    [`${at}/r_presence`]: '2',
    [`${at}/r_arrive`]: day(-10),
    [`${at}/r_reason`]: '1',
    [`${at}/r_lead`]: position === 0 ? '1' : '0',
    [`${at}/r_needs`]: 'card',
  };
}

/** The first resident shows a card (of a county that never was), the others none. */
function identity(at: string, position: number): Given {
  if (position > 0) return { [`${at}/r_idtype`]: '00' };
  return { [`${at}/r_idtype`]: '01', [`${at}/r_idno`]: '379901199005010012' };
}

/** A visit to a dwelling in the ledger that changes only what is given beside the questions that must be answered. */
export function knownDwelling(title: string, changes: Given): Given {
  return {
    'g_visit/vsrc': 'landlord',
    'g_visit/met': 'absent',
    'g_dw/g_place/dw_known': '1',
    'g_dw/g_place/dw_id': title,
    ...changes,
    'g_dw/g_let/occ_n': '2',
  };
}
