// The network: the mean of the vectors of a mail's words, and one linear layer. This is fastText's classifier (Joulin et al. 2016).
import { nn, type Tensor } from 'anneal';
import { padding } from './vocabulary';

export class SpamFilter extends nn.Module {
  embedding: nn.EmbeddingBag;
  dropout = new nn.Dropout(0.3);
  output: nn.Linear;

  constructor(words: number, size: number) {
    super();
    this.embedding = new nn.EmbeddingBag(words, size, { mode: 'mean', paddingIdx: padding });
    this.output = new nn.Linear(size, 1);
  }

  /** words: [batch, length]; gives a logit per mail, [batch]. Above 0 is spam. */
  forward(words: Tensor): Tensor {
    const mean = this.dropout.forward(this.embedding.forward(words));
    return this.output.forward(mean).squeeze(1);
  }
}
