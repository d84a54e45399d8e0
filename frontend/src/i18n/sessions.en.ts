/** English texts of where somebody is logged in, and of their password. */
import type zh from './sessions.zh';

export default {
  sessions: {
    account: 'Log-ins and password',
    title: 'Where you are logged in',
    intro:
      'These phones and computers are logged in with your account now. Log out any you do not know, and change your password.',
    introOf: 'These phones and computers are logged in with this account now.',
    here: 'This one',
    phone: 'Phone “{name}”',
    unknown: 'Unknown browser',
    seen: 'Last used {at}',
    since: 'Logged in {at}',
    end: 'Log out',
    endOthers: 'Log out everywhere else',
    endAll: 'Log out everywhere',
    endTitle: 'Log out “{name}”?',
    endText: 'Going on there takes a new log-in. Visits that a phone has not sent are not lost.',
    cancel: 'Cancel',
    none: 'Nobody is logged in now.',
    loading: 'Looking…',
    offline: 'The server cannot be reached. Try again when there is a network.',
    password: 'Change password',
    old: 'Present password',
    new: 'New password (8 characters or more)',
    again: 'New password again',
    differ: 'The two new passwords are not the same; type them again.',
    change: 'Change password',
    changing: 'Changing…',
    changed: 'Your password was changed, and you were logged out everywhere else.',
    wrong: 'The present password is wrong; type it again.',
    unfit: 'This password will not do: {why}.',
    advice:
      'Easy to keep and hard to guess: join three or four words that have nothing to do with each other. No names, villages, birthdays or phone numbers.',
    firstTitle: 'Choose your own password',
    firstIntro:
      'The present one was given to you by an administrator. Choose one that only you know, then go on.',
    firstSave: 'Save and go on',
  },
} satisfies typeof zh;
