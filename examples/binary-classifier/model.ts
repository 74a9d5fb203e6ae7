// The network: one hidden layer of ten units, and one output that is the probability of class 1.
import { nn, type Tensor } from 'anneal';

export class BinaryClassifier extends nn.Module {
  hidden: nn.Linear;
  output = new nn.Linear(10, 1);

  constructor(features: number) {
    super();
    this.hidden = new nn.Linear(features, 10);
  }

  /** x: [batch, features]; gives [batch, 1]. */
  forward(x: Tensor): Tensor {
    return this.output.forward(this.hidden.forward(x).relu()).sigmoid();
  }
}
