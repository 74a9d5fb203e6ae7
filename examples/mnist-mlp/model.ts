// The network: four linear layers with ReLU between them.
import { nn, type Tensor } from 'anneal';

export class Classifier extends nn.Module {
  fc1 = new nn.Linear(784, 256);
  fc2 = new nn.Linear(256, 128);
  fc3 = new nn.Linear(128, 64);
  fc4 = new nn.Linear(64, 10);

  /** x: [batch, 784], pixels from 0 to 1; gives logits [batch, 10]. */
  forward(x: Tensor): Tensor {
    x = this.fc1.forward(x).relu();
    x = this.fc2.forward(x).relu();
    x = this.fc3.forward(x).relu();
    return this.fc4.forward(x);
  }
}
