/** Consent on the phone, in English. */
export default {
  consent: {
    section: 'What was agreed to',
    quiet:
      'Chose not to take part. Please don’t ask again before {day}. If they bring it up themselves, open consent from “Today”.',
    take: 'Take consent',
    renew: 'Take consent again',
    later: 'Not now',
    leave: 'Back',
    other: 'Choose somebody else',
    danger: 'A life in danger now? Help first:',
    title: {
      none: '{name} has not consented yet',
      declined: '{name} chose not to take part',
      expired: '{name}’s consent has ended',
      renew: 'The notice is a new one: ask again',
      guardian: 'A guardian’s consent is missing',
    },
    text: {
      none: '“{what}” opens only with the person’s own consent. Read out the notice and ask about each item; saying no affects no service.',
      declined:
        'There is no consent to “{what}”, so this doesn’t open. Please don’t ask again before {day}, nor why. If they bring it up themselves, open consent from “Today”.',
      expired:
        'The consent to “{what}” held until {day}. If they wish to go on, take consent again.',
      renew:
        'The earlier notice held until {day}. Read out the new one, then ask whether they wish to go on with “{what}”.',
      guardian:
        'By the date of birth {name} is under 14, and a guardian must consent. Take consent again together with the guardian; if the date is wrong, correct it first.',
    },
    state: {
      live: 'Yes, until {day}',
      none: 'May be asked again',
      declined: 'No; not asked before {day}',
      expired: 'Ended ({day})',
      renew: 'New notice: ask again',
      guardian: 'Guardian missing',
    },
    withdraw: 'Withdraw consent',
    withdrawTitle: 'Withdraw all of {name}’s consent?',
    withdrawText:
      'Visits and reminders stop at once; nobody asks again for 180 days. No reason is needed and no service is lost.',
    withdrawYes: 'Withdraw',
    withdrawNo: 'Keep it',
    withdrawn: 'Withdrawn. Visits and reminders have stopped; it is sent when there is a network.',
    childTitle: 'Protect the child first',
    childText:
      'By the date of birth on record {name} is under 14. Stop here: don’t question the child, note nothing of health, and don’t leave the child alone.',
    childLead:
      'Then tell your supervisor and the township’s safeguarding lead. The law requires it at once; nobody’s consent is needed.',
    childNote: 'Only one thing is noted: whom you told. Nothing of health.',
    callLine: 'Call 12355, child protection',
    callPolice: 'Being hurt now: call 110',
    callDoctor: 'Call 120',
    writeNote: 'Write a protection note',
  },
  notice: {
    title: 'Notice',
    open: 'Open the notice (large print)',
    version: 'Version {version}',
    full: 'Full',
    simple: 'Simple (14 to 17)',
    step: 'Part {n} of {all}',
    next: 'Next',
    previous: 'Previous',
    done: 'Finished',
    readAloud: 'Read aloud',
    pause: 'Pause',
    resume: 'Go on',
    rate: 'Speed',
    slow: 'Slow',
    normal: 'Normal',
    fast: 'Fast',
  },
  careful: {
    text: 'This says “{word}”: we don’t collect {why}. Please remove it unless it is needed; only this phone says so, and it can be saved.',
    idText:
      '“{word}” looks like an identity number. Please keep it out of notes; only this phone says so, and it can be saved.',
    phoneText:
      '“{word}” looks like a phone number. Ask its owner first; only this phone says so, and it can be saved.',
  },
};
